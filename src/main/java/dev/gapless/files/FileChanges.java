package dev.gapless.files;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.gapless.event.Cursor;
import dev.gapless.event.EventDraft;
import dev.gapless.files.FileRows.Usage;
import dev.gapless.log.Erasures;
import dev.gapless.log.EventLog;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The transactions that change files. Each locks the owner's row first, so an owner's changes take
 * turns, and appends its event last, so positions follow the order of changes and the log waits for
 * a position no longer than a COMMIT takes. They run on the caller's connection and leave commit
 * and rollback to it.
 */
final class FileChanges {
  private static final String PUT = "PUT";
  private static final String DEL = "DEL";

  private final EventLog log;
  private final Erasures erasures;
  private final FileSettings settings;

  FileChanges(EventLog log, FileSettings settings) {
    this.log = log;
    this.erasures = Erasures.create(log);
    this.settings = settings;
  }

  /** Links a staged version. To be committed if the result is {@link PutResult.Stored}. */
  PutResult put(Connection connection, PutRequest request, Staged staged) throws SQLException {
    FileKey key = request.key();
    String contentType = request.contentType();
    Usage usage = registerAndLock(connection, key.owner());
    Optional<StoredFile> current = FileRows.find(connection, key);
    Optional<PutResult> refused =
        refusal(connection, key, current, request.conditions(), usage, staged.size());
    if (refused.isPresent()) {
      return refused.get();
    }
    if (!VersionRows.link(connection, staged.version())) {
      throw new SQLException("the staged version was removed", "55000");
    }
    Instant modifiedAt = FileRows.put(connection, key, staged, contentType, staged.version());
    if (current.isPresent()) {
      VersionRows.unlink(connection, current.get().version(), settings.grace());
    }
    FileRows.addUsed(connection, key.owner(), growth(current, staged.size()));
    StoredFile stored =
        new StoredFile(
            key,
            staged.size(),
            staged.contentHash(),
            contentType,
            modifiedAt,
            staged.version(),
            staged.chunkBytes());
    Cursor event =
        append(
            connection,
            new EventDraft(
                key.owner(), key.path(), PUT, Optional.of(data(stored)), request.traceparent()));
    return new PutResult.Stored(stored, current.isEmpty(), event);
  }

  /** Removes a file. To be committed if the result is {@link DeleteResult.Deleted}. */
  DeleteResult delete(
      Connection connection, FileKey key, Conditions conditions, Optional<String> traceparent)
      throws SQLException {
    if (FileRows.lock(connection, key.owner()).isEmpty()) {
      return new DeleteResult.Absent();
    }
    Optional<StoredFile> current = FileRows.find(connection, key);
    if (current.isEmpty()) {
      return conditions.ifMatch().isPresent()
          ? new DeleteResult.ConditionFailed()
          : new DeleteResult.Absent();
    }
    if (!conditions.allowWrite(current)) {
      return new DeleteResult.ConditionFailed();
    }
    FileRows.delete(connection, key);
    VersionRows.unlink(connection, current.get().version(), settings.grace());
    FileRows.addUsed(connection, key.owner(), -current.get().size());
    return new DeleteResult.Deleted(
        append(
            connection,
            new EventDraft(key.owner(), key.path(), DEL, Optional.empty(), traceparent)));
  }

  /**
   * Removes an owner with all its files, and asks for the removal of its events.
   *
   * @return the mark of the erasure; empty if there is nothing of the owner
   */
  Optional<Cursor> erase(Connection connection, String owner) throws SQLException {
    boolean registered = FileRows.lock(connection, owner).isPresent();
    if (!registered) {
      // or the event of a first file could be below the mark while the file stays
      registerAndLock(connection, owner);
    }
    VersionRows.unlinkAll(connection, owner, settings.grace());
    FileRows.deleteOwner(connection, owner);
    return erasures.request(connection, owner, registered);
  }

  /** Whether all events below the mark are gone. */
  boolean isErased(Connection connection, Cursor mark) throws SQLException {
    return erasures.isDone(connection, mark.position());
  }

  /** Why a body of that size would not be stored now; the answer of {@link #put} may differ. */
  Optional<PutResult> foresee(Connection connection, FileKey key, long size, Conditions conditions)
      throws SQLException {
    Usage usage = FileRows.usage(connection, key.owner()).orElse(Usage.NONE);
    return refusal(connection, key, FileRows.find(connection, key), conditions, usage, size);
  }

  /** Whether the event is in the log: whether the transaction that appended it committed. */
  boolean committed(Connection connection, Cursor event) throws SQLException {
    return log.check(connection, event, Cursor.bare(event.position()))
        instanceof EventLog.CursorCheck.Valid;
  }

  private Optional<PutResult> refusal(
      Connection connection,
      FileKey key,
      Optional<StoredFile> current,
      Conditions conditions,
      Usage usage,
      long size)
      throws SQLException {
    if (!conditions.allowWrite(current)) {
      return Optional.of(new PutResult.ConditionFailed());
    }
    if (current.isEmpty() && FileRows.collides(connection, key)) {
      return Optional.of(new PutResult.Collision());
    }
    long quota = usage.quota().orElse(settings.quotaBytes());
    long growth = growth(current, size);
    // who is over a quota that was lowered may still replace files by smaller ones
    if (growth > 0 && usage.used() + growth > quota) {
      return Optional.of(new PutResult.OverQuota(quota));
    }
    return Optional.empty();
  }

  private static long growth(Optional<StoredFile> current, long size) {
    return size - current.map(StoredFile::size).orElse(0L);
  }

  private static Usage registerAndLock(Connection connection, String owner) throws SQLException {
    while (true) {
      FileRows.register(connection, owner);
      Optional<Usage> usage = FileRows.lock(connection, owner);
      // absent if the owner was erased between the two
      if (usage.isPresent()) {
        return usage.get();
      }
    }
  }

  private Cursor append(Connection connection, EventDraft draft) throws SQLException {
    return log.append(connection, List.of(draft)).get(0);
  }

  private static String data(StoredFile file) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("content_hash", file.contentHash())
        .put("size", file.size())
        .put("content_type", file.contentType())
        .toString();
  }
}
