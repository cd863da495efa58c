package dev.gapless.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * Where PostgreSQL keeps its data in tests: in memory where the system offers it, unless the system
 * property {@value #PARENT} names a folder, such as one on a disk.
 */
public final class TestFolders {
  private static final String PARENT = "gapless.test.folder";
  private static final String PREFIX =
      "gapless-test-" + System.getProperty("user.name", "unknown") + "-";
  private static final Path PROCESS = create();

  private TestFolders() {}

  /** A new empty folder; delete it at the end of the test. */
  public static Path create(String name) {
    try {
      return Files.createTempDirectory(PROCESS, name + "-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Path ofThisProcess() {
    return PROCESS;
  }

  /** At the end of the JVM. A test that still has a cluster keeps it; a later run removes it. */
  static void removeIfEmpty() {
    try {
      Files.deleteIfExists(PROCESS);
    } catch (IOException e) {
      // Not empty.
    }
  }

  public static void delete(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  private static Path create() {
    Path memory = Path.of("/dev/shm");
    Path usual = Files.isWritable(memory) ? memory : Path.of("target", "postgres");
    Path parent = Path.of(System.getProperty(PARENT, usual.toString())).toAbsolutePath();
    try {
      Files.createDirectories(parent);
      removeAbandoned(parent);
      Path folder = parent.resolve(PREFIX + ProcessHandle.current().pid());
      Files.createDirectories(folder);
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Left by test runs that were killed: their PostgreSQL still runs and its data fill memory. */
  private static void removeAbandoned(Path parent) throws IOException {
    List<Path> ours;
    try (Stream<Path> entries = Files.list(parent)) {
      ours = entries.filter(path -> path.getFileName().toString().startsWith(PREFIX)).toList();
    }
    for (Path folder : ours) {
      String pid = folder.getFileName().toString().substring(PREFIX.length());
      if (pid.matches("\\d{1,9}") && ProcessHandle.of(Long.parseLong(pid)).isEmpty()) {
        try {
          endPostgresBelow(folder);
          SmallDisk.unmountBelow(folder);
          delete(folder);
        } catch (NoSuchFileException | UncheckedIOException e) {
          // another test run removes it at the same time
        }
      }
    }
  }

  /** Ends the PostgreSQL whose data directory is a child of this folder. */
  static void endPostgresBelow(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> clusters = Files.list(folder)) {
      for (Path cluster : clusters.toList()) {
        Path file = cluster.resolve("postmaster.pid");
        if (Files.exists(file)) {
          String pid = Files.readAllLines(file).get(0).trim();
          Optional<ProcessHandle> process = ProcessHandle.of(Long.parseLong(pid));
          process.filter(handle -> worksIn(handle, cluster)).ifPresent(handle -> end(handle, file));
        }
      }
    }
  }

  /** In order if it can: a killed PostgreSQL leaves its shared memory behind. */
  private static void end(ProcessHandle postgres, Path pidFile) {
    postgres.destroy();
    try {
      Awaitility.await()
          .atMost(Duration.ofSeconds(5))
          .pollInterval(Duration.ofMillis(10))
          .until(() -> !Files.exists(pidFile));
    } catch (ConditionTimeoutException e) {
      postgres.descendants().forEach(ProcessHandle::destroyForcibly);
      postgres.destroyForcibly();
    }
  }

  private static boolean worksIn(ProcessHandle process, Path cluster) {
    try {
      return Files.readSymbolicLink(Path.of("/proc", Long.toString(process.pid()), "cwd"))
          .equals(cluster.toRealPath());
    } catch (IOException e) {
      return false;
    }
  }
}
