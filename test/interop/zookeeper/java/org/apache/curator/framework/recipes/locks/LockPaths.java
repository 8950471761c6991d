package org.apache.curator.framework.recipes.locks;

/** Lives in Curator's package because Curator 5.4 shows the path of a held lock to nobody else. */
public final class LockPaths {
  private LockPaths() {}

  /** The node with which the calling thread holds the lock, or null. */
  public static String of(InterProcessMutex mutex) {
    return mutex.getLockPath();
  }
}
