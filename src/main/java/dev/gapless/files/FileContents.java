package dev.gapless.files;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.LongAdder;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.SourceShape;
import org.apache.pekko.stream.stage.AbstractOutHandler;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.stream.stage.TimerGraphStageLogic;
import org.apache.pekko.util.ByteString;

/**
 * A stretch of one version. Reads a chunk when downstream asks, each on a connection of its own,
 * and keeps the version from being removed for as long as it runs, however slowly it is read.
 * Completes after the last byte; fails if the database does or the version is gone, never with
 * other bytes.
 */
final class FileContents extends GraphStage<SourceShape<ByteString>> {
  private static final String LEASE = "lease";

  private final Outlet<ByteString> out = Outlet.create("FileContents.out");
  private final SourceShape<ByteString> shape = SourceShape.of(out);
  private final FileJdbc jdbc;
  private final StoredFile file;
  private final ByteRange range;
  private final Duration lease;
  private final LongAdder given;

  /**
   * @param lease how long the version stays after it was found or kept, at least
   * @param given counts the bytes that are handed on
   */
  FileContents(FileJdbc jdbc, StoredFile file, ByteRange range, Duration lease, LongAdder given) {
    this.jdbc = jdbc;
    this.file = file;
    this.range = range;
    this.lease = lease;
    this.given = given;
  }

  @Override
  public SourceShape<ByteString> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes inheritedAttributes) {
    return new Logic();
  }

  private final class Logic extends TimerGraphStageLogic {
    private final AsyncCallback<Optional<byte[]>> read = createAsyncCallback(this::onRead);
    private final AsyncCallback<Throwable> failed = createAsyncCallback(this::failStage);
    private final AsyncCallback<Boolean> kept = createAsyncCallback(this::onKept);
    private long next = range.first();
    private boolean keeping;

    private Logic() {
      super(shape);
      setHandler(
          out,
          new AbstractOutHandler() {
            @Override
            public void onPull() {
              int number = (int) (next / file.chunkBytes());
              deliver(
                  jdbc.run(connection -> VersionRows.chunk(connection, file.version(), number)),
                  read);
            }
          });
    }

    @Override
    public void preStart() {
      // three tries before the lease runs out
      Duration interval = lease.dividedBy(4);
      scheduleWithFixedDelay(LEASE, interval, interval);
    }

    @Override
    public void onTimer(Object key) {
      if (!keeping) {
        keeping = true;
        CompletionStage<Boolean> done =
            jdbc.run(connection -> VersionRows.keep(connection, file.version(), lease));
        // a failure is no reason to stop: the next chunk tells whether the version is still there
        var ignored =
            done.whenComplete(
                (present, failure) -> kept.invoke(failure != null || Boolean.TRUE.equals(present)));
      }
    }

    private void onKept(boolean present) {
      keeping = false;
      if (!present) {
        failStage(new IllegalStateException("the version was removed"));
      }
    }

    private void onRead(Optional<byte[]> chunk) {
      int from = (int) (next % file.chunkBytes());
      long until = Math.min(range.last() + 1, next - from + file.chunkBytes());
      int length = (int) (until - next);
      if (chunk.isEmpty() || chunk.get().length < from + length) {
        failStage(new IllegalStateException("the version was removed"));
        return;
      }
      next = until;
      given.add(length);
      push(out, ByteString.fromArrayUnsafe(chunk.get(), from, length));
      if (next > range.last()) {
        completeStage();
      }
    }

    private <T> void deliver(CompletionStage<T> stage, AsyncCallback<T> callback) {
      var ignored =
          stage.whenComplete(
              (value, failure) -> {
                if (failure != null) {
                  failed.invoke(
                      failure instanceof SQLException sql
                          ? new FilesUnavailableException(sql)
                          : failure);
                } else {
                  callback.invoke(value);
                }
              });
    }
  }
}
