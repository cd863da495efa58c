package dev.gapless.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * {@code postmaster.pid} of a data directory: who runs on it, if anybody. The number in it alone
 * proves nothing, because a crash leaves the file behind and the number goes to another process.
 */
final class PostmasterFile {
  private PostmasterFile() {}

  /** The PostgreSQL that runs on this data directory now. */
  static Optional<ProcessHandle> running(Path dataDirectory) {
    return pid(dataDirectory)
        .filter(pid -> isPostgresOn(pid, dataDirectory))
        .flatMap(ProcessHandle::of);
  }

  /**
   * Removes a file that PostgreSQL would take for that of a living one, although it is not: the
   * number went to another process, or to remains that nobody has collected. All other leftovers
   * PostgreSQL judges better itself.
   */
  static void removeIfStale(Path dataDirectory) throws IOException {
    boolean taken = pid(dataDirectory).flatMap(ProcessHandle::of).isPresent();
    if (taken && running(dataDirectory).isEmpty()) {
      Files.deleteIfExists(file(dataDirectory));
    }
  }

  private static Path file(Path dataDirectory) {
    return dataDirectory.resolve("postmaster.pid");
  }

  private static Optional<Long> pid(Path dataDirectory) {
    try {
      List<String> lines = Files.readAllLines(file(dataDirectory));
      // Negative for a PostgreSQL in single-user mode.
      return lines.isEmpty()
          ? Optional.empty()
          : Optional.of(Math.abs(Long.parseLong(lines.get(0).trim())));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | NumberFormatException e) {
      throw new PostgresStartException("cannot read " + file(dataDirectory), e);
    }
  }

  private static boolean isPostgresOn(long pid, Path dataDirectory) {
    Path process = Path.of("/proc", Long.toString(pid));
    if (!Files.isDirectory(Path.of("/proc/self"))) {
      return ProcessHandle.of(pid)
          .flatMap(handle -> handle.info().command())
          .map(command -> command.endsWith("/postgres"))
          .orElse(false);
    }
    try {
      String stat = Files.readString(process.resolve("stat"));
      int end = stat.lastIndexOf(')');
      boolean postgres = stat.substring(stat.indexOf('(') + 1, end).equals("postgres");
      boolean zombie = stat.charAt(end + 2) == 'Z';
      return postgres && !zombie && worksIn(process, dataDirectory);
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean worksIn(Path process, Path dataDirectory) {
    try {
      return Files.readSymbolicLink(process.resolve("cwd")).equals(dataDirectory.toRealPath());
    } catch (IOException | UnsupportedOperationException e) {
      // Not ours to look at (another user's process): the name has to do.
      return true;
    }
  }
}
