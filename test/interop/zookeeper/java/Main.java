import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.ACLProvider;
import org.apache.curator.framework.recipes.locks.Revoker;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.ACL;

/**
 * Drives Curator's locks by lines: it reads `ID VERB ARGUMENT...`, each argument percent-encoded, and answers `ID ok JSON`
 * or `ID error CLASS MESSAGE`, in any order. Each owner has a thread of its own, since Curator's locks belong to threads.
 * Lines `event NAME VALUE` come unasked. It ends with its input.
 *
 * <p>Arguments: connect string, session timeout in ms, namespace or "", "user:password" or "". With a password its nodes
 * are closed to all others.
 */
public final class Main {
  private static final PrintStream out = new PrintStream(System.out, true, UTF_8);
  private final ExecutorService anyThread = Executors.newCachedThreadPool();
  private final Map<String, ExecutorService> owners = new ConcurrentHashMap<>();
  private final CuratorFramework client;
  private final Locks locks;
  private final Counts counts;
  private final CountDownLatch connected = new CountDownLatch(1);
  private volatile String state = "NONE";

  private Main(String connectString, int sessionMs, String namespace, String credentials) {
    CuratorFrameworkFactory.Builder builder =
        CuratorFrameworkFactory.builder()
            .connectString(connectString)
            .sessionTimeoutMs(sessionMs)
            .connectionTimeoutMs(Math.min(sessionMs, 5_000))
            // Long enough for a server that a test starts again.
            .retryPolicy(new RetryNTimes(50, 100))
            // The tracker would leave a proxy for the addresses that the servers have among themselves.
            .ensembleTracker(false);
    if (!namespace.isEmpty()) builder.namespace(namespace);
    if (!credentials.isEmpty()) builder.authorization("digest", credentials.getBytes(UTF_8)).aclProvider(ownersOnly);
    client = builder.build();
    counts = new Counts(client, count -> out.println("event count " + count));
    locks = new Locks(client, counts::of);
    client
        .getConnectionStateListenable()
        .addListener(
            (unused, newState) -> {
              state = newState.name();
              out.println("event state " + state);
              connected.countDown();
            });
  }

  private static final ACLProvider ownersOnly =
      new ACLProvider() {
        @Override
        public List<ACL> getDefaultAcl() {
          return ZooDefs.Ids.CREATOR_ALL_ACL;
        }

        @Override
        public List<ACL> getAclForPath(String path) {
          return ZooDefs.Ids.CREATOR_ALL_ACL;
        }
      };

  public static void main(String[] args) throws Exception {
    Main main = new Main(args[0], Integer.parseInt(args[1]), args[2], args[3]);
    main.client.start();
    // Not Curator's own wait, which may be over before the listener was called: the first state would come late.
    if (!main.connected.await(20, TimeUnit.SECONDS)) throw new IllegalStateException("not connected");
    out.println("event ready " + main.sessionId());
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) main.serve(line);
    main.client.close();
    // Threads that wait for a lock would keep the process.
    System.exit(0);
  }

  private void serve(String line) {
    String[] words = line.split(" ", -1);
    List<String> args = new ArrayList<>();
    for (int i = 2; i < words.length; i++) args.add(URLDecoder.decode(words[i], UTF_8));
    Call call = new Call(words[1], args);
    threadOf(call)
        .execute(
            () -> {
              try {
                out.println(words[0] + " ok " + json(run(call)));
              } catch (Throwable error) {
                String message = String.valueOf(error.getMessage()).replaceAll("\\s+", " ");
                out.println(words[0] + " error " + error.getClass().getSimpleName() + " " + message);
              }
            });
  }

  private record Call(String verb, List<String> args) {
    String arg(int index) {
      return args.get(index);
    }

    int number(int index) {
      return Integer.parseInt(arg(index));
    }
  }

  private ExecutorService threadOf(Call call) {
    return switch (call.verb) {
      case "acquire", "release", "lockPath" ->
          owners.computeIfAbsent(call.arg(2), name -> Executors.newSingleThreadExecutor());
      default -> anyThread;
    };
  }

  private Object run(Call call) throws Exception {
    switch (call.verb) {
      case "acquire":
        return locks.acquire(
            call.arg(0), call.arg(1), call.arg(2), call.number(3), call.number(4), call.number(5));
      case "release":
        locks.release(call.arg(0), call.arg(1), call.arg(2), call.number(3));
        return null;
      case "lockPath":
        return locks.lockPath(call.arg(0), call.arg(1), call.arg(2));
      case "participants":
        return locks.participants(call.arg(0), call.arg(1), call.number(2));
      case "children":
        return new TreeSet<>(client.getChildren().forPath(call.arg(0)));
      case "count":
        return counts.of(call.arg(0)).getCount();
      case "setCount":
        counts.of(call.arg(0)).setCount(call.number(1));
        return null;
      case "trySetCount":
        return counts.of(call.arg(0)).trySetCount(counts.of(call.arg(0)).getVersionedValue(), call.number(1));
      case "revocable":
        locks.makeRevocable(call.arg(0), path -> out.println("event revoked " + path));
        return null;
      case "revoke":
        Revoker.attemptRevoke(client, call.arg(0));
        return null;
      case "state":
        return state;
      case "sessionId":
        return sessionId();
      default:
        throw new IllegalArgumentException("no verb " + call.verb);
    }
  }

  private String sessionId() throws Exception {
    return Long.toHexString(client.getZookeeperClient().getZooKeeper().getSessionId());
  }

  private static String json(Object value) {
    if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .map(entry -> json(entry.getKey()) + ":" + json(entry.getValue()))
          .collect(Collectors.joining(",", "{", "}"));
    }
    if (value instanceof Collection<?> list) {
      return list.stream().map(Main::json).collect(Collectors.joining(",", "[", "]"));
    }
    if (!(value instanceof String text)) return String.valueOf(value);
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
