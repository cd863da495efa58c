package dev.gapless.http;

import com.typesafe.config.Config;
import dev.gapless.Gapless;
import dev.gapless.event.Cursor;
import dev.gapless.event.EventDraft;
import dev.gapless.testkit.TestDatabase;
import dev.gapless.testkit.TestLogs;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** One whole node with the native face on a socket, on a database that may be shared. */
final class HttpTestNode implements AutoCloseable {
  final TestDatabase database;
  final HttpTestServer server;
  final HttpServices services;
  final Gapless gapless;

  private HttpTestNode(
      TestDatabase database, HttpTestServer server, HttpServices services, Gapless gapless) {
    this.database = database;
    this.server = server;
    this.services = services;
    this.gapless = gapless;
  }

  static HttpTestNode start(String overrides) {
    return start(TestLogs.create(), overrides);
  }

  static HttpTestNode start(TestDatabase database, String overrides) {
    Config config = HttpTestServer.config(overrides);
    AtomicReference<HttpServices> services = new AtomicReference<>();
    AtomicReference<Gapless> gapless = new AtomicReference<>();
    HttpTestServer server =
        HttpTestServer.start(
            config,
            system -> {
              var pool = database.pool(8);
              gapless.set(Gapless.get(system));
              try {
                gapless.get().start(pool).toCompletableFuture().get(30, TimeUnit.SECONDS);
              } catch (Exception failed) {
                throw new IllegalStateException(failed);
              }
              services.set(
                  HttpServices.start(
                      system,
                      HttpSettings.create(config),
                      AuthSettings.create(config),
                      Optional.empty(),
                      gapless.get().hub(),
                      pool));
              return NativeRoutes.create(
                      system,
                      services.get(),
                      gapless.get().log(),
                      gapless.get()::committed,
                      StatusReport.create("test-node", () -> true)
                          .with("gapless", () -> gapless.get().status()),
                      () -> services.get().drain(Duration.ofMillis(100)))
                  .route();
            },
            () -> HttpServerSettings.create(config, services.get()));
    return new HttpTestNode(database, server, services.get(), gapless.get());
  }

  int port() {
    return server.port();
  }

  List<Cursor> append(EventDraft... drafts) {
    try (Connection connection = database.dataSource().getConnection()) {
      List<Cursor> cursors = gapless.append(connection, drafts);
      gapless.committed();
      return cursors;
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }

  Cursor append(String owner, String path, String type) {
    return append(EventDraft.of(owner, path, type, "{\"n\":1}")).get(0);
  }

  /** Only the node; the database is whoever's created it. */
  void stop() throws Exception {
    server.close();
  }

  @Override
  public void close() throws Exception {
    server.close();
    database.close();
  }
}
