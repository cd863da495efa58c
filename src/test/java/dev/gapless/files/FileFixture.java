package dev.gapless.files;

import com.typesafe.config.ConfigFactory;
import com.zaxxer.hikari.HikariDataSource;
import dev.gapless.event.Cursor;
import dev.gapless.log.ErasureRun;
import dev.gapless.log.EventLog;
import dev.gapless.log.HeadReads;
import dev.gapless.log.LogMigration;
import dev.gapless.log.LogSettings;
import dev.gapless.testkit.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.apache.commons.codec.digest.Blake3;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.postgresql.ds.PGSimpleDataSource;

/** A file store on a database of its own, and what tests ask of both. */
public final class FileFixture implements AutoCloseable {
  static final int CHUNK = 4096;
  static final String STORE = "store-under-test";

  /** Small chunks and short times; one megabyte for each owner. */
  static final FileSettings SETTINGS =
      new FileSettings(
          "gapless.files.jdbc-dispatcher",
          CHUNK,
          10_000_000,
          1_000_000,
          1024,
          Duration.ofSeconds(30),
          Duration.ofMinutes(10),
          Duration.ofMillis(400),
          Duration.ofMillis(50),
          60);

  final ActorTestKit kit = ActorTestKit.create();
  final TestDatabase database = TestDatabase.create();

  /** For the tests themselves. */
  final HikariDataSource pool = database.pool(4);

  final AtomicInteger wakes = new AtomicInteger();

  /** Only the store uses it; its sessions carry the name {@link #STORE}. */
  final HikariDataSource storePool;

  public final FileStore store;

  public FileFixture() {
    this(SETTINGS);
  }

  public FileFixture(FileSettings settings) {
    this(settings, pool -> pool);
  }

  /**
   * @param between what the store sees of its pool
   */
  FileFixture(FileSettings settings, UnaryOperator<DataSource> between) {
    LogSettings log = LogSettings.create(ConfigFactory.load());
    LogMigration.migrate(pool, log);
    FileMigration.migrate(pool, log);
    PGSimpleDataSource own = database.dataSource();
    own.setApplicationName(STORE);
    storePool = new HikariDataSource();
    storePool.setDataSource(own);
    storePool.setMaximumPoolSize(8);
    storePool.setMinimumIdle(0);
    storePool.setConnectionTimeout(5_000);
    store =
        FileStore.create(
            kit.system(),
            between.apply(storePool),
            EventLog.create(),
            settings,
            wakes::incrementAndGet);
  }

  public PutResult put(FileKey key, byte[] body) {
    return get(store.put(PutRequest.of(key, "text/plain"), source(body)));
  }

  public PutResult put(FileKey key, String body) {
    return put(key, body.getBytes(StandardCharsets.UTF_8));
  }

  public PutResult put(FileKey key, String body, Conditions conditions) {
    return get(
        store.put(
            new PutRequest(key, "text/plain", conditions, OptionalLong.empty()),
            source(body.getBytes(StandardCharsets.UTF_8))));
  }

  DeleteResult delete(FileKey key) {
    return get(store.delete(key, Conditions.NONE));
  }

  public byte[] read(FileKey key) {
    StoredFile file = get(store.find(key)).orElseThrow();
    return get(collect(store.read(file)));
  }

  CompletionStage<byte[]> collect(Source<ByteString, ?> contents) {
    return contents
        .runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), kit.system())
        .thenApply(ByteString::toArray);
  }

  static Source<ByteString, ?> source(byte[] body) {
    List<ByteString> pieces = new ArrayList<>();
    for (int at = 0; at < body.length; at += 1500) {
      pieces.add(ByteString.fromArray(body, at, Math.min(1500, body.length - at)));
    }
    return Source.from(pieces);
  }

  public static String hash(byte[] body) {
    return Base64.getEncoder().encodeToString(Blake3.hash(body));
  }

  public static <T> T get(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** {@code type path content_hash} of each event, in the order of positions. */
  public List<String> events(String owner) {
    return texts(
        "SELECT concat_ws(' ', type, path, data->>'content_hash') FROM gapless.events"
            + " WHERE owner = ? ORDER BY id",
        owner);
  }

  public List<String> texts(String sql, Object... parameters) {
    try (Connection connection = pool.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      List<String> texts = new ArrayList<>();
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          texts.add(rows.getString(1));
        }
      }
      return texts;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  public long number(String sql, Object... parameters) {
    return Long.parseLong(texts(sql, parameters).get(0));
  }

  /** Runs the cleaner until it finds nothing more to do. */
  public void clean() {
    while (get(store.removeUnneeded(100)) > 0) {}
  }

  /** As a node does that has decided everything. */
  void eraseAll() {
    try (Connection connection = database.dataSource().getConnection()) {
      Cursor head = HeadReads.create().highestVisible(connection).orElseThrow();
      ErasureRun.create().run(connection, head, done -> {});
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    kit.shutdownTestKit();
    storePool.close();
    database.close();
  }
}
