package dev.gapless.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;

/** How large the files may grow that running processes write (RLIMIT_FSIZE). */
final class FileSizeLimit {
  static final long NONE = Long.MAX_VALUE;

  private FileSizeLimit() {}

  /** For a process, its descendants, and those that they will start. */
  static void set(ProcessHandle process, long bytes) {
    prlimit(process, bytes);
    process.descendants().forEach(child -> prlimit(child, bytes));
  }

  private static void prlimit(ProcessHandle process, long bytes) {
    String limit = bytes == NONE ? "unlimited" : Long.toString(bytes);
    Optional<String> user = process.info().user();
    if (user.isEmpty()) {
      // it has just ended
      return;
    }
    // the soft limit alone, so that it can be lifted again; as the owner, who always may
    List<String> command = TestCluster.asUser(user.get());
    command.addAll(List.of("prlimit", "--pid", "" + process.pid(), "--fsize=" + limit + ":"));
    try {
      if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0 && process.isAlive()) {
        throw new IllegalStateException("cannot limit " + process.pid());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
