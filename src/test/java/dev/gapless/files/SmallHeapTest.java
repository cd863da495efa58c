package dev.gapless.files;

import static dev.gapless.files.FileFixture.get;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import com.zaxxer.hikari.HikariDataSource;
import dev.gapless.files.PutResult.Stored;
import dev.gapless.log.EventLog;
import dev.gapless.log.LogMigration;
import dev.gapless.log.LogSettings;
import dev.gapless.testkit.TestDatabase;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.junit.jupiter.api.Test;

/** A file larger than the heap goes in and out, in a JVM of its own. */
class SmallHeapTest {
  private static final int PIECE = 10_000;
  private static final int PIECES = 10_000;

  @Test
  void aFileLargerThanTheHeapGoesInAndOut() throws Exception {
    try (TestDatabase database = TestDatabase.create()) {
      LogSettings log = LogSettings.create(ConfigFactory.load());
      LogMigration.migrate(database.pool(4), log);
      FileMigration.migrate(database.pool(4), log);
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx48m",
                  "-cp",
                  System.getProperty(
                          "surefire.test.class.path", System.getProperty("java.class.path"))
                      .replace("\n", File.pathSeparator),
                  SmallHeapTest.class.getName(),
                  database.jdbcUrl())
              .redirectErrorStream(true)
              .start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
      assertThat(process.exitValue()).as(output).isZero();
      assertThat(output).contains("read 100000000");
    }
  }

  public static void main(String[] arguments) {
    ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "small");
    int status = 1;
    try (HikariDataSource pool = new HikariDataSource()) {
      pool.setJdbcUrl(arguments[0]);
      FileStore store =
          FileStore.create(
              system, pool, EventLog.create(), FileSettings.create(ConfigFactory.load()), () -> {});
      ByteString piece = ByteString.fromArray(new byte[PIECE]);
      Stored stored =
          (Stored)
              get(
                  store.put(
                      PutRequest.of(new FileKey("acme", "/big"), "text/plain"),
                      Source.repeat(piece).take(PIECES)));
      long read =
          get(
              store
                  .read(stored.file())
                  .runWith(Sink.fold(0L, (sum, bytes) -> sum + bytes.size()), system));
      System.out.println("read " + read);
      status = 0;
    } finally {
      system.terminate();
      System.exit(status);
    }
  }
}
