package dev.gapless.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gapless.server.EmbeddedPostgres.StopMode;
import dev.gapless.server.EmbeddedPostgresSettings.Durability;
import dev.gapless.testkit.TestFolders;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EmbeddedPostgresTest {
  private Path directory;

  @BeforeEach
  void createDirectory() {
    directory = TestFolders.create("embedded");
  }

  @AfterEach
  void deleteDirectory() throws IOException {
    FileTree.delete(directory);
  }

  @Test
  void settingsReachPostgres() throws Exception {
    EmbeddedPostgresSettings settings =
        EmbeddedPostgresSettings.at(directory.resolve("pg"))
            .withDurability(Durability.NONE)
            .withSuperuserPassword("it's")
            .withParameters(Map.of("application_name", "it's", "max_prepared_transactions", "7"));
    try (EmbeddedPostgres postgres = EmbeddedPostgres.create(settings)) {
      postgres.start();
      assertThat(show(postgres, "fsync")).isEqualTo("off");
      assertThat(show(postgres, "synchronous_commit")).isEqualTo("off");
      assertThat(show(postgres, "max_prepared_transactions")).isEqualTo("7");
      assertThat(show(postgres, "listen_addresses")).isEqualTo("127.0.0.1");
      assertThat(show(postgres, "server_encoding")).isEqualTo("UTF8");
      assertThat(show(postgres, "server_version"))
          .startsWith(Integer.toString(postgres.majorVersion()));
    }
    assertThat(settings.toString()).doesNotContain("it's");
  }

  @Test
  void worksBelowAFolderThatIsClosedToOthers() throws Exception {
    Path closed = Files.createDirectory(directory.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
    startAndStop(closed.resolve("with 'quotes' and spaces").resolve("pg"));
  }

  @Test
  void worksBelowAFolderThatIsOpenToOthers() throws Exception {
    Path open = Files.createTempDirectory("gapless-open");
    try {
      Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
      startAndStop(open.resolve("pg"));
    } finally {
      FileTree.delete(open);
    }
  }

  @Test
  void dataAreRunByTheirOwner() throws Exception {
    assumeTrue(UnprivilegedUser.runningAsRoot(), "only root can give files away");
    Path data = directory.resolve("pg");
    startAndStop(data);
    UserPrincipal nobody =
        data.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody");
    try (Stream<Path> paths = Files.walk(data)) {
      for (Path path : paths.toList()) {
        Files.setOwner(path, nobody);
      }
    }
    startAndStop(data);
    assertThat(Files.getOwner(data)).isEqualTo(nobody);
  }

  @Test
  void startingItTwiceRestartsIt() throws Exception {
    EmbeddedPostgresSettings settings = EmbeddedPostgresSettings.at(directory.resolve("pg"));
    try (EmbeddedPostgres first = EmbeddedPostgres.create(settings);
        EmbeddedPostgres second = EmbeddedPostgres.create(settings)) {
      first.start();
      long pid = first.process().orElseThrow().pid();
      second.start();
      assertThat(second.process().orElseThrow().pid()).isNotEqualTo(pid);
    }
  }

  @Test
  void aPidFileThatNamesAnotherProcessIsNotTrusted() throws Exception {
    Path data = directory.resolve("pg");
    EmbeddedPostgresSettings settings = EmbeddedPostgresSettings.at(data);
    try (EmbeddedPostgres postgres = EmbeddedPostgres.create(settings)) {
      postgres.start();
      List<String> lines = Files.readAllLines(data.resolve("postmaster.pid"));
      postgres.stop(StopMode.FAST);
      lines.set(0, Long.toString(ProcessHandle.current().pid()));
      Files.write(data.resolve("postmaster.pid"), lines);

      assertThat(postgres.isRunning()).isFalse();
      postgres.stop(StopMode.FAST);
      postgres.start();
      assertThat(ProcessHandle.current().isAlive()).isTrue();
      assertThat(show(postgres, "port")).isEqualTo(Integer.toString(postgres.port()));
    }
  }

  @Test
  void aTakenPortIsNamed() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      EmbeddedPostgres postgres =
          EmbeddedPostgres.create(
              EmbeddedPostgresSettings.at(directory.resolve("pg")).withPort(taken.getLocalPort()));
      assertThatThrownBy(postgres::start)
          .isInstanceOf(PostgresStartException.class)
          .hasMessageContaining("port " + taken.getLocalPort());
    }
  }

  @Test
  void aBadParameterIsNamed() {
    EmbeddedPostgres postgres =
        EmbeddedPostgres.create(
            EmbeddedPostgresSettings.at(directory.resolve("pg"))
                .withParameters(Map.of("shared_buffers", "plenty")));
    assertThatThrownBy(postgres::start)
        .isInstanceOf(PostgresStartException.class)
        .hasMessageContaining("shared_buffers");
    assertThat(postgres.isRunning()).isFalse();
  }

  @Test
  void aCreationThatWasCutOffIsBegunAgain() throws Exception {
    Path unfinished = Files.createDirectories(directory.resolve("pg.new-1/cluster"));
    Files.writeString(unfinished.resolve("half"), "x");
    startAndStop(directory.resolve("pg"));
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactly(directory.resolve("pg"));
    }
  }

  @Test
  void severalMayUnpackTheProgramsAtOnce() throws Exception {
    Path cache = directory.resolve("cache");
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try {
      Callable<PostgresBinaries> unpack = () -> PostgresBinaries.unpack(cache);
      for (var unpacked : threads.invokeAll(List.of(unpack, unpack, unpack))) {
        assertThat(unpacked.get().program("postgres")).isExecutable();
      }
    } finally {
      threads.shutdownNow();
    }
    try (var folders = Files.list(cache)) {
      assertThat(folders).as("nothing unfinished is left").hasSize(1);
    }
  }

  @Test
  void programsThatOthersCanWriteAreNotRun() throws Exception {
    Path cache = directory.resolve("cache");
    PostgresBinaries binaries = PostgresBinaries.unpack(cache);
    Files.setPosixFilePermissions(binaries.home(), PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThatThrownBy(() -> PostgresBinaries.unpack(cache))
        .isInstanceOf(PostgresStartException.class)
        .hasMessageContaining("can be written");
  }

  private static void startAndStop(Path data) throws SQLException, IOException {
    try (EmbeddedPostgres postgres = EmbeddedPostgres.create(EmbeddedPostgresSettings.at(data))) {
      postgres.start();
      assertThat(show(postgres, "fsync")).isEqualTo("on");
      assertThat(show(postgres, "synchronous_commit")).isEqualTo("on");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data)))
          .isEqualTo("rwx------");
      int port = postgres.port();
      postgres.stop(StopMode.FAST);
      assertThat(postgres.isRunning()).isFalse();
      postgres.start();
      assertThat(postgres.port()).isEqualTo(port);
    }
  }

  private static String show(EmbeddedPostgres postgres, String parameter) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(postgres.jdbcUrl("postgres"), "postgres", "it's");
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SHOW " + parameter)) {
      rows.next();
      return rows.getString(1);
    }
  }
}
