package dev.gapless.hub;

import dev.gapless.event.Cursor;
import dev.gapless.log.LastFailure;
import java.util.Optional;

/**
 * A moment's state of the hub. Immutable.
 *
 * @param head the last decided event
 * @param ringFloor everything after it is in the ring
 * @param ringEvents how many events the ring holds
 * @param ringBytes about how much memory they take
 * @param live subscribers that receive as events are decided
 * @param catchingUp subscribers that read history (from the ring or the log)
 * @param behind of these, the ones that were live and fell back because they read slowly
 * @param delivered events handed to subscribers since start
 * @param catchUpReads pages read from the database since start
 * @param catchUpShared pages that a subscriber got from another one's read since start
 * @param cursorChecks cursors verified in the database since start
 * @param catchUpPending reads of the database for subscribers that run or wait for their turn
 * @param catchUpFailures of these reads, the ones that failed since start; they are tried again
 * @param lastCatchUpFailure the last of them
 * @param restarts how often the hub failed and began anew
 */
public record HubStatus(
    Cursor head,
    Cursor ringFloor,
    int ringEvents,
    long ringBytes,
    int live,
    int catchingUp,
    int behind,
    long delivered,
    long catchUpReads,
    long catchUpShared,
    long cursorChecks,
    int catchUpPending,
    long catchUpFailures,
    Optional<LastFailure> lastCatchUpFailure,
    long restarts) {}
