package dev.gapless.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gapless.testkit.ServerProcess;
import dev.gapless.testkit.TestFolders;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** The server as a process: what its operator sees of start, stop and crash. */
class ServerLifecycleTest {
  private static final Map<String, String> NO_VARIABLES = Map.of();

  private Path directory;

  @BeforeEach
  void createDirectory() {
    directory = TestFolders.create("server");
  }

  @AfterEach
  void deleteDirectory() throws IOException {
    TestFolders.delete(directory);
  }

  @Test
  void startsDurableLocalAndLockedAndStopsWithItsPostgres() throws Exception {
    try (ServerProcess server = ServerProcess.start(directory, NO_VARIABLES)) {
      HttpRequest live = HttpRequest.newBuilder(URI.create(server.url() + "/health/live")).build();
      assertThat(HttpClient.newHttpClient().send(live, BodyHandlers.ofString()).statusCode())
          .isEqualTo(200);
      assertThat(server.output())
          .contains("curl -N '" + server.url() + "/v1/events?owner=alice'")
          .contains("curl -X PUT --data-binary")
          .contains("curl " + server.url() + "/v1/files/alice/pub/hello.txt");
      assertThat(server.output()).doesNotContain(password());

      assertThat(show("fsync")).isEqualTo("on");
      assertThat(show("synchronous_commit")).isEqualTo("on");
      assertThat(show("full_page_writes")).isEqualTo("on");
      assertThat(show("password_encryption")).isEqualTo("scram-sha-256");
      assertThat(query("SELECT count(*) FROM pg_roles WHERE rolname = 'gapless' AND rolsuper"))
          .isEqualTo("0");
      assertThat(
              query(
                  "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name LIKE 'gapless/%'"))
          .isEqualTo("t");

      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(passwordFile())))
          .isEqualTo("rw-------");
      assertThat(password()).hasSizeGreaterThanOrEqualTo(32);
      assertThatThrownBy(() -> connect("gapless", "wrong").close())
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
      assertThat(Files.readString(directory.resolve("data/postgres/pg_hba.conf")).lines())
          .filteredOn(line -> !line.isBlank() && !line.startsWith("#"))
          .isNotEmpty()
          .allMatch(line -> line.endsWith("scram-sha-256"));
      assertNobodyElseReaches(postgresPort());

      int port = postgresPort();
      assertThat(server.stop()).as("%s", server.output()).isIn(0, 143);
      assertThat(postgres()).isEmpty();
      assertThatThrownBy(() -> new Socket("127.0.0.1", port).close())
          .isInstanceOf(ConnectException.class);
    }
  }

  @Test
  void takesOverWhatAKilledServerLeftBehind() throws Exception {
    long orphan;
    String password;
    try (ServerProcess server = ServerProcess.start(directory, NO_VARIABLES)) {
      execute("CREATE TABLE mark AS SELECT 1 AS id");
      password = password();
      orphan = postgres().orElseThrow().pid();
      server.kill9();
      assertThat(postgres()).as("PostgreSQL outlives its server").isPresent();

      try (ServerProcess next = ServerProcess.start(directory, NO_VARIABLES)) {
        assertThat(query("SELECT id FROM mark")).isEqualTo("1");
        assertThat(password()).isEqualTo(password);
        assertThat(postgres().orElseThrow().pid()).isNotEqualTo(orphan);
        next.stop();
      }
    }
  }

  @Test
  void recoversWhenServerAndPostgresWereKilledTogether() throws Exception {
    try (ServerProcess server = ServerProcess.start(directory, NO_VARIABLES)) {
      execute("CREATE TABLE mark AS SELECT 1 AS id");
      ProcessHandle postgres = postgres().orElseThrow();
      server.kill9();
      List<ProcessHandle> children = postgres.descendants().toList();
      postgres.destroyForcibly();
      children.forEach(ProcessHandle::destroyForcibly);
      try (ServerProcess next = ServerProcess.start(directory, NO_VARIABLES)) {
        assertThat(query("SELECT id FROM mark")).isEqualTo("1");
        next.stop();
      }
    }
  }

  @Test
  void startsItsPostgresAgainWhenThatDies() throws Exception {
    try (ServerProcess server = ServerProcess.start(directory, NO_VARIABLES)) {
      int port = postgresPort();
      ProcessHandle postgres = postgres().orElseThrow();
      postgres.destroyForcibly();
      Awaitility.await("a new PostgreSQL")
          .atMost(Duration.ofSeconds(30))
          .ignoreExceptions()
          .until(
              () -> postgres().orElseThrow().pid() != postgres.pid() && query("SELECT 1") != null);
      assertThat(postgresPort()).isEqualTo(port);
      server.stop();
      assertThat(postgres()).isEmpty();
    }
  }

  @Test
  void refusesASecondServerOnTheSameData() throws Exception {
    try (ServerProcess first = ServerProcess.start(directory, NO_VARIABLES);
        ServerProcess second = ServerProcess.launch(directory, NO_VARIABLES, "--port", "0")) {
      assertThat(second.awaitEnd()).isEqualTo(1);
      assertThat(second.output())
          .contains("another Gapless server (process " + first.process().pid() + ")")
          .contains("--data")
          .doesNotContain("\tat ");
      assertThat(query("SELECT 1")).as("the first one is untouched").isEqualTo("1");
    }
  }

  @Test
  void refusesDataOfAnotherMajorVersionAndLeavesThemAlone() throws Exception {
    Path data = Files.createDirectories(directory.resolve("data/postgres"));
    Files.writeString(data.resolve("PG_VERSION"), "13\n");
    Files.writeString(directory.resolve("data/postgres-password"), "secret\n");
    try (ServerProcess server = ServerProcess.launch(directory, NO_VARIABLES, "--port", "0")) {
      assertThat(server.awaitEnd()).isEqualTo(1);
      assertThat(server.output())
          .contains("was written by PostgreSQL 13, this is PostgreSQL ")
          .doesNotContain("\tat ");
    }
    try (var files = Files.list(data)) {
      assertThat(files).containsExactly(data.resolve("PG_VERSION"));
    }
  }

  @Test
  void refusesAFolderThatHoldsSomethingElse() throws Exception {
    Path data = Files.createDirectories(directory.resolve("data/postgres"));
    Files.writeString(data.resolve("letters.txt"), "keep me");
    try (ServerProcess server = ServerProcess.launch(directory, NO_VARIABLES, "--port", "0")) {
      assertThat(server.awaitEnd()).isEqualTo(1);
      assertThat(server.output()).contains("neither empty nor a PostgreSQL data directory");
    }
    assertThat(data.resolve("letters.txt")).hasContent("keep me");
  }

  @Test
  void refusesDataWhosePasswordIsGone() throws Exception {
    try (ServerProcess server = ServerProcess.start(directory, NO_VARIABLES)) {
      server.stop();
    }
    Files.delete(passwordFile());
    try (ServerProcess server = ServerProcess.launch(directory, NO_VARIABLES, "--port", "0")) {
      assertThat(server.awaitEnd()).isEqualTo(1);
      assertThat(server.output()).contains("postgres-password is missing");
    }
  }

  @Test
  void saysThatThePortIsTaken() throws Exception {
    try (ServerProcess first = ServerProcess.start(directory.resolve("one"), NO_VARIABLES);
        ServerProcess second =
            ServerProcess.launch(
                directory.resolve("two"),
                NO_VARIABLES,
                "--port",
                Integer.toString(URI.create(first.url()).getPort()))) {
      assertThat(second.awaitEnd()).isEqualTo(1);
      assertThat(second.output()).contains("cannot listen on 127.0.0.1:").contains("--port");
      assertThat(PostmasterFile.running(directory.resolve("two/data/postgres")))
          .as("the PostgreSQL of a failed start is stopped")
          .isEmpty();
    }
  }

  private static void assertNobodyElseReaches(int port) throws IOException {
    for (NetworkInterface network : NetworkInterface.networkInterfaces().toList()) {
      for (InetAddress address : network.inetAddresses().toList()) {
        if (!address.getHostAddress().equals("127.0.0.1")) {
          assertThatThrownBy(
                  () -> {
                    try (Socket socket = new Socket()) {
                      socket.connect(new InetSocketAddress(address, port), 500);
                    }
                  })
              .as("PostgreSQL at %s", address)
              .isInstanceOf(IOException.class);
        }
      }
    }
  }

  private java.util.Optional<ProcessHandle> postgres() {
    return PostmasterFile.running(directory.resolve("data/postgres"));
  }

  private int postgresPort() throws IOException {
    return Integer.parseInt(
        Files.readAllLines(directory.resolve("data/postgres/postmaster.pid")).get(3).strip());
  }

  private Path passwordFile() {
    return directory.resolve("data/postgres-password");
  }

  private String password() throws IOException {
    return Files.readString(passwordFile()).strip();
  }

  private Connection connect(String user, String password) throws SQLException, IOException {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {"127.0.0.1"});
    source.setPortNumbers(new int[] {postgresPort()});
    source.setDatabaseName("gapless");
    source.setUser(user);
    source.setPassword(password);
    return source.getConnection();
  }

  private String show(String parameter) throws SQLException, IOException {
    return query("SHOW " + parameter);
  }

  private String query(String sql) throws SQLException, IOException {
    try (Connection connection = connect("gapless", password());
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  private void execute(String sql) throws SQLException, IOException {
    try (Connection connection = connect("gapless", password());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
