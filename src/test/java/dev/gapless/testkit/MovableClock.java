package dev.gapless.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A wall clock for processes which can jump while they run, made by Debian's {@code faketime}. The
 * monotonic clock goes on as it did. {@link #require} first.
 */
public final class MovableClock implements AutoCloseable {
  private static final List<String> FOLDERS =
      List.of("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/lib64");

  private static final Path SHARED_MEMORY = Path.of("/dev/shm");
  private static final Pattern LEFTOVER =
      Pattern.compile("(?:sem\\.faketime_sem|faketime_shm)_(\\d{1,9})");

  private final Path folder = TestFolders.create("clock");
  private final Path offset = folder.resolve("offset");

  /** At the real time. */
  public MovableClock() {
    openToEverybody();
    jumpTo(Duration.ZERO);
  }

  public static boolean isPossible() {
    return library().isPresent();
  }

  /** Skips the test where there is no faketime; fails it where this is CI. */
  public static void require() {
    if (library().isEmpty()) {
      String reason = "no libfaketime here (Debian: apt-get install faketime)";
      if ("true".equals(System.getenv("CI"))) {
        throw new AssertionError(reason);
      }
      System.out.println("skipped: " + reason);
      Assumptions.abort(reason);
    }
  }

  /** From now on the processes see the real time and so much. Holds within two seconds. */
  public void jumpTo(Duration fromRealTime) {
    try {
      Path next = folder.resolve("next");
      Files.writeString(next, "%+d\n".formatted(fromRealTime.toSeconds()));
      Files.move(next, offset, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** For a process that is to live by this clock. */
  public Map<String, String> environment() {
    return Map.of(
        "LD_PRELOAD", library().orElseThrow().toString(),
        "FAKETIME_TIMESTAMP_FILE", offset.toString(),
        "FAKETIME_CACHE_DURATION", "1",
        "FAKETIME_DONT_FAKE_MONOTONIC", "1",
        // else every timed wait of a JVM returns at once
        "FAKETIME_FORCE_MONOTONIC_FIX", "0");
  }

  @Override
  public void close() {
    try {
      TestFolders.delete(folder);
      removeLeftovers();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The library leaves two files behind for each process that lived by it. */
  private static void removeLeftovers() throws IOException {
    if (!Files.isDirectory(SHARED_MEMORY)) {
      return;
    }
    try (Stream<Path> files = Files.list(SHARED_MEMORY)) {
      for (Path file : files.toList()) {
        Matcher name = LEFTOVER.matcher(file.getFileName().toString());
        if (name.matches() && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  private void openToEverybody() {
    try {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The one for programs with threads. */
  private static Optional<Path> library() {
    return FOLDERS.stream()
        .flatMap(
            folder ->
                Stream.of(
                    Path.of(folder, "faketime", "libfaketimeMT.so.1"),
                    Path.of(folder, "libfaketimeMT.so.1")))
        .filter(Files::isReadable)
        .findFirst();
  }
}
