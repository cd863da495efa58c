package dev.gapless.tail;

/**
 * One step of the model.
 *
 * @param writer whose step it is, or -1
 * @param value a position, rows as bits, or a number of positions or commits
 */
record ModelStep(Kind kind, int writer, int value) {

  enum Kind {
    LOCK,
    DRAW,
    WRITE,
    LEAVE_HOLE,
    TRY_ELECTION,
    TO_SAVEPOINT,
    COMMIT,
    ROLL_BACK,
    PREPARE,
    RELEASE_SEQUENCE,
    RELEASE_ELECTION,
    HINT,
    WAKE,
    READ,
    LOOK,
    POLL,
    STORE_MARK,
    RECONNECT,
    RESTART_READER,
    CRASH,
    RESTORE
  }

  static ModelStep of(Kind kind) {
    return new ModelStep(kind, -1, 0);
  }

  static ModelStep of(Kind kind, int value) {
    return new ModelStep(kind, -1, value);
  }
}
