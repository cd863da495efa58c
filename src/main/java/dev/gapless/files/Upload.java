package dev.gapless.files;

import dev.gapless.hub.PekkoStages;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import org.apache.commons.codec.digest.Blake3;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;

/**
 * One body on its way into the database: each chunk in a transaction of its own, the next one taken
 * when the last is stored. Used for one body; its steps follow each other, each on a thread of the
 * database's dispatcher, and hand the fields on through the future between them.
 */
final class Upload {
  private final FileJdbc jdbc;
  private final FileSettings settings;
  private final LongAdder stored;
  private final Blake3 hash = Blake3.initHash();
  private OptionalLong version = OptionalLong.empty();
  private int chunks;
  private long size;
  private long keptAt;

  Upload(FileJdbc jdbc, FileSettings settings, LongAdder stored) {
    this.jdbc = jdbc;
    this.settings = settings;
    this.stored = stored;
  }

  /** Fails as the database does, or with {@link BodyRefusedException}. */
  CompletionStage<Staged> run(ActorSystem<?> system, Source<ByteString, ?> body) {
    return PekkoStages.onDispatcher(
            body.mapError(
                    Throwable.class,
                    failure -> new BodyRefusedException(new PutResult.Incomplete()))
                .via(new PaceGuard(settings.minRate(), settings.minRateWindow()))
                .via(new Chunker(settings.chunkBytes(), settings.maxBytes()))
                .mapAsync(1, chunk -> jdbc.run(connection -> store(connection, chunk)))
                .runWith(Sink.ignore(), system),
            system)
        .thenCompose(done -> jdbc.run(this::finish));
  }

  /** Gives back what was staged; only after {@link #run} has ended without success. */
  void abandon() {
    if (version.isPresent()) {
      // without an answer: what is not marked here falls due by its time
      var marked =
          jdbc.run(
              connection -> {
                VersionRows.abandon(connection, version.getAsLong());
                return version;
              });
    }
  }

  private Upload store(Connection connection, byte[] chunk) throws SQLException {
    hash.update(chunk);
    size += chunk.length;
    if (version.isEmpty()) {
      stage(connection, Optional.of(chunk));
    } else {
      long staged = version.getAsLong();
      VersionRows.addChunk(connection, staged, chunks, chunk);
      if (System.nanoTime() - keptAt > settings.stagingTimeout().toNanos() / 4) {
        VersionRows.keep(connection, staged, settings.stagingTimeout());
        keptAt = System.nanoTime();
      }
    }
    chunks++;
    stored.add(chunk.length);
    return this;
  }

  private Staged finish(Connection connection) throws SQLException {
    if (version.isEmpty()) {
      stage(connection, Optional.empty());
    }
    return new Staged(
        version.getAsLong(), size, FileRows.base64(hash.doFinalize(32)), settings.chunkBytes());
  }

  private void stage(Connection connection, Optional<byte[]> first) throws SQLException {
    version =
        OptionalLong.of(
            VersionRows.stage(connection, settings.chunkBytes(), settings.stagingTimeout(), first));
    keptAt = System.nanoTime();
  }
}
