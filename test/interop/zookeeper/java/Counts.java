import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.framework.recipes.shared.SharedCountListener;
import org.apache.curator.framework.recipes.shared.SharedCountReader;
import org.apache.curator.framework.state.ConnectionState;

/** Curator's shared counts by path. Where there is none, one of 0 is made. */
final class Counts {
  private final CuratorFramework client;
  private final Consumer<Integer> onChanged;
  private final Map<String, SharedCount> counts = new ConcurrentHashMap<>();

  /** @param onChanged is told of each change that Curator tells of */
  Counts(CuratorFramework client, Consumer<Integer> onChanged) {
    this.client = client;
    this.onChanged = onChanged;
  }

  SharedCount of(String path) {
    return counts.computeIfAbsent(path, this::start);
  }

  private SharedCount start(String path) {
    SharedCount count = new SharedCount(client, path, 0);
    count.addListener(
        new SharedCountListener() {
          @Override
          public void countHasChanged(SharedCountReader reader, int newCount) {
            onChanged.accept(newCount);
          }

          @Override
          public void stateChanged(CuratorFramework unused, ConnectionState state) {}
        });
    try {
      count.start();
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
    return count;
  }
}
