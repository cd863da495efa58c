package dev.gapless.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A base backup: the files of a PostgreSQL that ran on meanwhile, with the write-ahead log up to
 * the end of the copying and no further. Any number of PostgreSQLs can be started from it, each in
 * a folder of its own. Closing it removes it.
 */
public final class PostgresCopy implements AutoCloseable {
  /** Their contents are of no use to anybody but the process that wrote them. */
  private static final Set<String> EMPTIED =
      Set.of(
          "pg_wal",
          "pg_replslot",
          "pg_dynshmem",
          "pg_notify",
          "pg_serial",
          "pg_snapshots",
          "pg_stat_tmp",
          "pg_subtrans",
          "pgsql_tmp");

  private static final Set<String> LEFT_OUT =
      Set.of(
          "postmaster.pid",
          "postmaster.opts",
          "backup_label",
          "tablespace_map",
          "standby.signal",
          "recovery.signal",
          "start.log");

  private final Path data;
  private final Map<String, String> parameters;

  private PostgresCopy(Path data, Map<String, String> parameters) {
    this.data = data;
    this.parameters = parameters;
  }

  /** Takes it now; everything committed before is in it. */
  static PostgresCopy of(TestCluster running) {
    Path data = TestFolders.create("copy").resolve("data");
    boolean old = running.majorVersion() < 15;
    try (Connection connection = running.dataSource("postgres").getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          old
              ? "SELECT pg_start_backup('test', true, false)"
              : "SELECT pg_backup_start('t', true)");
      copy(running.dataDirectory(), data, path -> !isIn(path, EMPTIED));
      try (ResultSet row =
          statement.executeQuery(
              "SELECT pg_walfile_name(lsn), labelfile, spcmapfile FROM "
                  + (old ? "pg_stop_backup(false)" : "pg_backup_stop()"))) {
        row.next();
        copyLog(running.dataDirectory(), data, row.getString(1));
        write(data, "backup_label", row.getString(2));
        String tablespaces = row.getString(3);
        if (tablespaces != null && !tablespaces.isEmpty()) {
          write(data, "tablespace_map", tablespaces);
        }
      }
      return new PostgresCopy(data, running.parameters());
    } catch (SQLException e) {
      throw new IllegalStateException("base backup", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A PostgreSQL as the copied one was, on a port of its own. */
  public TestCluster start() {
    return start(0);
  }

  /** On the port of one that was stopped, say: whoever was connected there finds it again. */
  public TestCluster start(int port) {
    return TestCluster.start(unpack(), parameters, port);
  }

  /** As after a recovery to a point in time, which begins a timeline of its own. */
  public TestCluster startOnNewTimeline(int port) {
    Path folder = unpack();
    write(folder, "recovery.signal", "");
    Map<String, String> all = new HashMap<>(parameters);
    all.put("restore_command", "false");
    return TestCluster.start(folder, all, port);
  }

  /**
   * A hot standby that streams from the primary on this port of 127.0.0.1, asynchronously unless
   * the primary names it in {@code synchronous_standby_names}, as {@code standby}.
   */
  public TestCluster startStandbyOf(int primary) {
    Path folder = unpack();
    write(folder, "standby.signal", "");
    Map<String, String> all = new HashMap<>(parameters);
    all.put(
        "primary_conninfo",
        "host=127.0.0.1 port="
            + primary
            + " user=postgres application_name=standby sslmode=disable gssencmode=disable");
    all.put("hot_standby", "on");
    all.put("wal_retrieve_retry_interval", "100ms");
    all.put("synchronous_standby_names", "");
    return TestCluster.start(folder, all, 0);
  }

  private Path unpack() {
    Path folder = TestCluster.newFolder();
    try {
      copy(data, folder, path -> true);
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The log from the beginning of the copying on, up to the file in which it ended. */
  private static void copyLog(Path from, Path to, String last) throws IOException {
    copy(
        from.resolve("pg_wal"),
        to.resolve("pg_wal"),
        path -> {
          String name = path.getFileName().toString();
          return name.endsWith(".history")
              || (name.matches("[0-9A-F]{24}")
                  && name.substring(8).compareTo(last.substring(8)) <= 0);
        });
  }

  /** With owners and times. What vanishes meanwhile is not needed. */
  private static void copy(Path from, Path to, Predicate<Path> wanted) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            if (isIn(from.relativize(folder), EMPTIED)) {
              return FileVisitResult.SKIP_SUBTREE;
            }
            Path target = to.resolve(from.relativize(folder).toString());
            if (!Files.exists(target)) {
              Files.copy(folder, target, StandardCopyOption.COPY_ATTRIBUTES);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Path relative = from.relativize(file);
            if (attributes.isRegularFile()
                && !LEFT_OUT.contains(relative.toString())
                && wanted.test(relative)) {
              copyFile(file, to.resolve(relative.toString()));
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }
        });
  }

  private static void copyFile(Path from, Path to) throws IOException {
    try {
      Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES);
    } catch (NoSuchFileException vanished) {
      Files.deleteIfExists(to);
    }
  }

  private static boolean isIn(Path file, Set<String> folders) {
    Path folder = file.getParent();
    while (folder != null) {
      if (folders.contains(folder.getFileName().toString())) {
        return true;
      }
      folder = folder.getParent();
    }
    return false;
  }

  /** As a file of whoever runs PostgreSQL on the folder. */
  private static void write(Path folder, String name, String text) {
    try {
      Path file = folder.resolve(name);
      Files.writeString(file, text, StandardCharsets.UTF_8);
      Files.setOwner(file, Files.getOwner(folder.resolve("PG_VERSION")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      TestFolders.delete(data.getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
