import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.RetryNTimes;

/**
 * Locks and unlocks Curator's InterProcessMutex, each thread one of its own: for each line "inFlight milliseconds" on
 * stdin, prints "cycles medianMicroseconds cpuMilliseconds elapsedMilliseconds".
 */
public final class Cycles {
    public static void main(String[] args) throws Exception {
        CuratorFramework client =
            CuratorFrameworkFactory.builder()
                .connectString(args[0])
                .sessionTimeoutMs(20_000)
                .ensembleTracker(false)
                .retryPolicy(new RetryNTimes(3, 100))
                .build();
        client.start();
        client.blockUntilConnected();
        System.out.println("ready");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            System.out.println(run(client, Integer.parseInt(words[0]), Long.parseLong(words[1])));
        }
        client.close();
    }

    private static String run(CuratorFramework client, int inFlight, long milliseconds) throws Exception {
        long[][] times = new long[inFlight][];
        CountDownLatch ended = new CountDownLatch(inFlight);
        long cpuBefore = cpuNanoseconds();
        long began = System.nanoTime();
        long until = began + milliseconds * 1_000_000;
        for (int i = 0; i < inFlight; i++) {
            int thread = i;
            new Thread(() -> {
                times[thread] = cycle(client, "/curator-" + thread, until);
                ended.countDown();
            }).start();
        }
        ended.await();
        long elapsed = System.nanoTime() - began;
        long cpu = cpuNanoseconds() - cpuBefore;
        long[] all = Arrays.stream(times).flatMapToLong(Arrays::stream).sorted().toArray();
        return all.length + " " + all[all.length / 2] / 1e3 + " " + cpu / 1e6 + " " + elapsed / 1e6;
    }

    private static long[] cycle(CuratorFramework client, String path, long until) {
        InterProcessMutex mutex = new InterProcessMutex(client, path);
        long[] times = new long[1024];
        int count = 0;
        try {
            for (long before = System.nanoTime(); before < until; ) {
                mutex.acquire();
                mutex.release();
                long after = System.nanoTime();
                if (count == times.length) times = Arrays.copyOf(times, count * 2);
                times[count++] = after - before;
                before = after;
            }
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
        return Arrays.copyOf(times, count);
    }

    private static long cpuNanoseconds() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
