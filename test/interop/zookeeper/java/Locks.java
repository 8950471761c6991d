import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.locks.InterProcessLock;
import org.apache.curator.framework.recipes.locks.InterProcessMultiLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.locks.LockPaths;
import org.apache.curator.framework.recipes.shared.SharedCount;

/**
 * Curator's recipes by kind and path. All owners share one object of a kind and path, so that a thread may try to
 * release what another one holds. A kind `multi` has several paths, with commas between them. So may `sem` have two: its
 * own, and that of the SharedCount which says how many leases there are.
 */
final class Locks {
  private final CuratorFramework client;
  private final Function<String, SharedCount> counts;
  private final Map<String, Object> recipes = new ConcurrentHashMap<>();
  private final Map<String, Deque<Collection<Lease>>> leases = new ConcurrentHashMap<>();

  Locks(CuratorFramework client, Function<String, SharedCount> counts) {
    this.client = client;
    this.counts = counts;
  }

  /** Runs on the thread of the owner. A negative timeout waits for ever. */
  Map<String, Object> acquire(String kind, String path, String owner, long timeoutMs, int n, int quantity)
      throws Exception {
    if (kind.equals("sem")) return acquireLeases(path, owner, timeoutMs, n, quantity);
    InterProcessLock lock = lock(kind, path);
    boolean acquired = true;
    if (timeoutMs < 0) lock.acquire();
    else acquired = lock.acquire(timeoutMs, TimeUnit.MILLISECONDS);
    return answer(acquired, acquired ? lockPath(kind, path, owner) : null);
  }

  private Map<String, Object> acquireLeases(String path, String owner, long timeoutMs, int n, int quantity)
      throws Exception {
    InterProcessSemaphoreV2 semaphore = semaphore(path, n);
    Collection<Lease> acquired =
        timeoutMs < 0 ? semaphore.acquire(quantity) : semaphore.acquire(quantity, timeoutMs, TimeUnit.MILLISECONDS);
    if (acquired == null) return answer(false, null);
    leasesOf(path, owner).push(acquired);
    return answer(true, lockPath("sem", path, owner));
  }

  private static Map<String, Object> answer(boolean acquired, String lockPath) {
    Map<String, Object> answer = new HashMap<>();
    answer.put("acquired", acquired);
    if (lockPath != null) answer.put("lockPath", lockPath);
    return answer;
  }

  /** Runs on the thread of the owner; of a semaphore it gives back what the owner acquired last. */
  void release(String kind, String path, String owner, int n) throws Exception {
    if (kind.equals("sem")) semaphore(path, n).returnAll(leasesOf(path, owner).pop());
    else lock(kind, path).release();
  }

  /** The node of what the owner holds, of several leases the first one's; null where Curator does not tell. */
  String lockPath(String kind, String path, String owner) {
    if (kind.equals("sem")) {
      Collection<Lease> held = leasesOf(path, owner).peek();
      return held == null ? null : path.split(",")[0] + "/leases/" + held.iterator().next().getNodeName();
    }
    return lock(kind, path) instanceof InterProcessMutex mutex ? LockPaths.of(mutex) : null;
  }

  Collection<String> participants(String kind, String path, int n) throws Exception {
    if (kind.equals("sem")) return semaphore(path, n).getParticipantNodes();
    if (lock(kind, path) instanceof InterProcessMutex mutex) return mutex.getParticipantNodes();
    throw new IllegalArgumentException("no participants of a " + kind);
  }

  /** Takes effect for what is acquired later. */
  void makeRevocable(String path, Consumer<String> onRevoked) {
    ((InterProcessMutex) lock("mutex", path)).makeRevocable(mutex -> onRevoked.accept(path));
  }

  private Deque<Collection<Lease>> leasesOf(String path, String owner) {
    return leases.computeIfAbsent(owner + " " + path, key -> new ArrayDeque<>());
  }

  private InterProcessSemaphoreV2 semaphore(String path, int n) {
    String[] paths = path.split(",");
    return recipe(
        "sem " + n + " " + path,
        key ->
            paths.length == 1
                ? new InterProcessSemaphoreV2(client, path, n)
                : new InterProcessSemaphoreV2(client, paths[0], counts.apply(paths[1])));
  }

  private InterProcessReadWriteLock readWriteLock(String path) {
    return recipe("read-write " + path, key -> new InterProcessReadWriteLock(client, path));
  }

  private InterProcessLock lock(String kind, String path) {
    return switch (kind) {
      case "mutex" -> recipe("mutex " + path, key -> new InterProcessMutex(client, path));
      case "semmutex" -> recipe("semmutex " + path, key -> new InterProcessSemaphoreMutex(client, path));
      case "multi" -> recipe("multi " + path, key -> new InterProcessMultiLock(client, List.of(path.split(","))));
      case "read" -> readWriteLock(path).readLock();
      case "write" -> readWriteLock(path).writeLock();
      default -> throw new IllegalArgumentException("no kind " + kind);
    };
  }

  @SuppressWarnings("unchecked")
  private <T> T recipe(String key, Function<String, T> make) {
    return (T) recipes.computeIfAbsent(key, make);
  }
}
