package dev.gapless.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import dev.gapless.log.LogMigration;
import dev.gapless.log.LogSettings;
import dev.gapless.testkit.SelfSigned;
import dev.gapless.testkit.ServerProcess;
import dev.gapless.testkit.TestDatabase;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server on a PostgreSQL it does not run itself. */
class ServerOnExternalDatabaseTest {
  @TempDir Path directory;
  private TestDatabase database;

  @BeforeEach
  void createDatabase() {
    database = TestDatabase.create();
  }

  @AfterEach
  void dropDatabase() {
    database.close();
  }

  @Test
  void bringsNoPostgresOfItsOwn() throws Exception {
    try (ServerProcess server = start()) {
      assertThat(get(HttpClient.newHttpClient(), server.url()).statusCode()).isEqualTo(200);
      assertThat(directory.resolve("data")).doesNotExist();
      assertThat(server.stop()).as("%s", server.output()).isIn(0, 143);
    }
  }

  @Test
  void theArgumentWinsAndAMissingDatabaseIsNamed() throws Exception {
    String gone = database.jdbcUrl().replace(database.name(), "no_such_database");
    try (ServerProcess server =
        ServerProcess.launch(directory, environment(), "--port", "0", "--database-url", gone)) {
      assertThat(server.awaitEnd()).isEqualTo(1);
      assertThat(server.output())
          .contains("cannot connect to", "no_such_database")
          .doesNotContain("\tat ");
    }
  }

  @Test
  void aDatabaseThatDoesNotAnswerEndsTheStart() throws Exception {
    Files.createDirectories(directory.resolve("conf"));
    Files.writeString(
        directory.resolve("conf/application.conf"),
        "gapless.server.database { url = \"jdbc:postgresql://127.0.0.1:1/x\", start-timeout = 1s }");
    try (ServerProcess server = ServerProcess.launch(directory, Map.of(), "--port", "0")) {
      assertThat(server.awaitEnd()).isEqualTo(1);
      assertThat(server.output()).contains("cannot connect to 127.0.0.1:1/x");
    }
  }

  @Test
  void aDatabaseThatCannotKeepThePromisesIsRefused() {
    try (TestDatabase careless = TestDatabase.ownCluster(Map.of("fsync", "off"));
        ServerProcess server =
            ServerProcess.launch(
                directory, Map.of("GAPLESS_DATABASE_URL", careless.jdbcUrl()), "--port", "0")) {
      assertThat(server.awaitEnd()).isEqualTo(1);
      assertThat(server.output()).contains("gapless: ", "fsync").doesNotContain("\tat ");
    }
  }

  @Test
  void anOpenTransactionOfAWriterKeepsItUnreadyNotDown() throws Exception {
    LogMigration.migrate(
        database.dataSource(), LogSettings.create(ConfigFactory.defaultReference()));
    HttpClient client = HttpClient.newHttpClient();
    try (Connection writer = database.dataSource().getConnection();
        Statement statement = writer.createStatement()) {
      writer.setAutoCommit(false);
      statement.execute("SELECT gapless.publish('a', '/b', 'c', '1')");
      try (Connection other = database.dataSource().getConnection();
          Statement later = other.createStatement()) {
        later.execute("SELECT gapless.publish('a', '/b', 'c', '2')");
      }
      try (ServerProcess server = start()) {
        assertThat(get(client, server.url()).statusCode()).isEqualTo(200);
        assertThat(get(client, server.url(), "/health/ready").statusCode()).isEqualTo(503);
        writer.commit();
        Awaitility.await()
            .until(() -> get(client, server.url(), "/health/ready").statusCode() == 200);
      }
    }
  }

  @Test
  void aWrongSettingOfTheLibraryIsNamed() throws Exception {
    Files.createDirectories(directory.resolve("conf"));
    Files.writeString(
        directory.resolve("conf/application.conf"), "gapless.log.partitions-ahead = 1");
    try (ServerProcess server = ServerProcess.launch(directory, environment(), "--port", "0")) {
      assertThat(server.awaitEnd()).isEqualTo(1);
      assertThat(server.output()).contains("gapless.log.partitions-ahead").doesNotContain("\tat ");
    }
  }

  @Test
  void whatAClientSendsDoesNotReachTheLog() throws Exception {
    String marker = "m4rk3r-of-a-request";
    try (ServerProcess server = start()) {
      URI url = URI.create(server.url());
      for (String request :
          new String[] {
            "GET /v1/" + marker + "\u0001 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /" + marker + "?" + "x".repeat(70_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /health/live HTTP/1.1\r\nHost: localhost\r\nIf-Match: " + marker + "\r\n\r\n",
            "GET /health/live HTTP/1.1\r\nHost: " + marker + "/\\\r\n\r\n",
            marker + " / HTTP/1.1\r\n\r\n"
          }) {
        try (Socket socket = new Socket(url.getHost(), url.getPort())) {
          socket.setSoTimeout(10_000);
          OutputStream out = socket.getOutputStream();
          out.write(request.getBytes(StandardCharsets.ISO_8859_1));
          out.flush();
          assertThat(socket.getInputStream().read()).as("an answer begins").isEqualTo('H');
        }
      }
      server.stop();
      assertThat(server.output()).doesNotContain(marker);
    }
  }

  @Test
  void logsAsJsonWhenAsked() throws Exception {
    Files.createDirectories(directory.resolve("conf"));
    for (String name : new String[] {"application.conf", "logback.xml"}) {
      Files.copy(Path.of("conf", name), directory.resolve("conf").resolve(name));
    }
    Map<String, String> environment = new java.util.HashMap<>(environment());
    environment.put("GAPLESS_LOG_FORMAT", "json");
    try (ServerProcess server = ServerProcess.start(directory, environment)) {
      Awaitility.await().until(() -> server.output().contains("\"server started\""));
      JsonNode line =
          new ObjectMapper()
              .readTree(
                  server
                      .output()
                      .lines()
                      .filter(text -> text.contains("\"server started\""))
                      .findFirst()
                      .orElseThrow());
      assertThat(line.get("url").asText()).isEqualTo(server.url());
      assertThat(line.get("level").asText()).isEqualTo("INFO");
    }
  }

  @Test
  void speaksHttp2AndHttp1OverTls() throws Exception {
    SelfSigned certificate = SelfSigned.in(directory);
    Files.createDirectories(directory.resolve("conf"));
    Files.writeString(
        directory.resolve("conf/application.conf"),
        "gapless.server.tls { certificate = server.crt, private-key = server.key }");
    try (ServerProcess server = start()) {
      assertThat(server.url()).startsWith("https://127.0.0.1:");
      HttpClient client = HttpClient.newBuilder().sslContext(certificate.trusting()).build();
      HttpResponse<String> second = get(client, server.url());
      assertThat(second.statusCode()).isEqualTo(200);
      assertThat(second.version()).isEqualTo(HttpClient.Version.HTTP_2);
      HttpClient old =
          HttpClient.newBuilder()
              .sslContext(certificate.trusting())
              .version(HttpClient.Version.HTTP_1_1)
              .build();
      assertThat(get(old, server.url()).version()).isEqualTo(HttpClient.Version.HTTP_1_1);
    }
  }

  @Test
  void speaksHttp2WithoutTlsOnlyWhenConfigured() throws Exception {
    try (ServerProcess server = start()) {
      assertThat(get(HttpClient.newHttpClient(), server.url()).version())
          .isEqualTo(HttpClient.Version.HTTP_1_1);
    }
    Files.createDirectories(directory.resolve("conf"));
    Files.writeString(directory.resolve("conf/application.conf"), "gapless.server.h2c = on");
    try (ServerProcess server = start()) {
      assertThat(get(HttpClient.newHttpClient(), server.url()).version())
          .isEqualTo(HttpClient.Version.HTTP_2);
    }
  }

  private ServerProcess start() {
    return ServerProcess.start(directory, environment());
  }

  private Map<String, String> environment() {
    return Map.of("GAPLESS_DATABASE_URL", database.jdbcUrl());
  }

  private static HttpResponse<String> get(HttpClient client, String url) throws Exception {
    return get(client, url, "/health/live");
  }

  private static HttpResponse<String> get(HttpClient client, String url, String path)
      throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create(url + path)).build(), BodyHandlers.ofString());
  }
}
