package dev.gapless.files;

import static dev.gapless.files.FileFixture.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.files.PutResult.Stored;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.apache.pekko.stream.OverflowStrategy;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.junit.jupiter.api.Test;

/** What clients see when the database is away, a body drips, or too many come at once. */
class FileFaultsTest {
  private static final FileSettings IMPATIENT =
      new FileSettings(
          FileFixture.SETTINGS.dispatcher(),
          FileFixture.CHUNK,
          10_000_000,
          1_000_000,
          1024,
          Duration.ofMillis(500),
          Duration.ofMinutes(10),
          Duration.ofSeconds(2),
          Duration.ofSeconds(1),
          3);

  @Test
  void aDatabaseThatIsAwayIs503() {
    AtomicBoolean away = new AtomicBoolean();
    try (FileFixture files = new FileFixture(FileFixture.SETTINGS, pool -> absent(pool, away));
        FaceServer server = FaceServer.open(files, FaceServer::nativeFace)) {
      FaceClient client = new FaceClient(server.port());
      assertThat(client.put("/v1/files/acme/a", new byte[10]).statusCode()).isEqualTo(201);
      away.set(true);
      for (int size : new int[] {10, 50_000}) {
        var refused = client.put("/v1/files/acme/a", new byte[size]);
        assertThat(refused.statusCode()).isEqualTo(503);
        assertThat(new String(refused.body(), StandardCharsets.UTF_8))
            .contains("\"outcome\":\"not-committed\"");
      }
      assertThat(client.delete("/v1/files/acme/a").statusCode()).isEqualTo(503);
      assertThat(client.get("/v1/files/acme/a").statusCode()).isEqualTo(503);
      assertThat(client.get("/v1/files/acme/").statusCode()).isEqualTo(503);
      away.set(false);
      assertThat(client.get("/v1/files/acme/a").statusCode()).isEqualTo(200);
      assertThat(files.events("acme")).hasSize(1);
    }
  }

  @Test
  void aBodyThatDripsIs408() throws Exception {
    try (FileFixture files = new FileFixture(IMPATIENT);
        FaceServer server = FaceServer.open(files, FaceServer::nativeFace);
        Socket socket = new Socket("127.0.0.1", server.port())) {
      OutputStream out = socket.getOutputStream();
      out.write(
          "PUT /v1/files/acme/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx"
              .getBytes(StandardCharsets.US_ASCII));
      assertThat(FaceClient.firstLine(socket)).startsWith("HTTP/1.1 408");
      assertThat(files.events("acme")).isEmpty();
    }
  }

  @Test
  void onlySoManyUploadsAreTakenAtOnce() {
    try (FileFixture files = new FileFixture(IMPATIENT)) {
      var body =
          Source.<ByteString>queue(1, OverflowStrategy.backpressure())
              .preMaterialize(files.kit.system());
      List<CompletionStage<PutResult>> slow = new ArrayList<>();
      for (int i = 0; i < IMPATIENT.maxUploads(); i++) {
        slow.add(
            files.store.put(
                // announced and small: begins without a question to the database
                new PutRequest(
                    new FileKey("acme", "/" + i),
                    "text/plain",
                    Conditions.NONE,
                    OptionalLong.of(9)),
                i == 0 ? body.second() : Source.never()));
      }
      assertThat(files.put(new FileKey("acme", "/more"), "x")).isInstanceOf(PutResult.Busy.class);
      body.first().complete();
      assertThat(get(slow.get(0))).isInstanceOf(Stored.class);
      assertThat(files.put(new FileKey("acme", "/more"), "x")).isInstanceOf(Stored.class);
      slow.subList(1, slow.size())
          .forEach(result -> assertThat(get(result)).isEqualTo(new PutResult.TooSlow()));
      for (int i = 0; i < IMPATIENT.maxUploads(); i++) {
        assertThat(files.put(new FileKey("acme", "/more"), "x")).isInstanceOf(Stored.class);
      }
    }
  }

  private static DataSource absent(DataSource pool, AtomicBoolean away) {
    return (DataSource)
        java.lang.reflect.Proxy.newProxyInstance(
            FileFaultsTest.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (proxy, method, arguments) -> {
              if (away.get()) {
                throw new SQLException("away", "08001");
              }
              return method.invoke(pool, arguments);
            });
  }
}
