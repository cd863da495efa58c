package dev.gapless.tail;

import dev.gapless.tail.ModelBounds.Part;
import dev.gapless.tail.ModelState.Left;
import dev.gapless.testkit.BrokenBuild;

/** The steps of the algorithm, each with a build that lacks it and the smallest world for that. */
enum HeadStep {
  WAIT_FOR_LOCK_HOLDERS(
      "Wait for the holders of the sequence's lock", BrokenBuild.LOCK_SET_REMOVED, Left.NOTHING),
  LOCKS_IN_A_LATER_STATEMENT(
      "Read the locks later than the row above the hole",
      BrokenBuild.LOCK_SET_FROM_BEFORE,
      Left.NOTHING),
  READ_AGAIN("Read again when they have ended", BrokenBuild.REREAD_REMOVED, Left.NOTHING),
  FORGET_ON_RECONNECT(
      "Forget them when the connection is lost",
      BrokenBuild.LOCK_SET_KEPT_ON_RECONNECT,
      Left.ONE_CRASH,
      Part.PREPARED),
  DECIDE_THE_START(
      "Decide the first head like any other",
      BrokenBuild.START_UNDECIDED,
      Left.NOTHING,
      Part.START),
  ANCHOR("Compare the row at the head", BrokenBuild.ANCHOR_REMOVED, Left.ONE_RESTORE),
  CLEAR_THE_FLAG_FIRST(
      "Clear the wake flag before the last read",
      BrokenBuild.WAKE_CLEARED_LATE,
      Left.NOTHING,
      Part.HINTS,
      Part.POLLS),
  COUNT_THE_ELECTION_LOCK(
      "Count the election lock among those in flight",
      BrokenBuild.ELECTION_LOCK_IGNORED,
      Left.NOTHING,
      Part.HINTS),
  TWO_LOOKS(
      "Find nobody in flight twice",
      BrokenBuild.ONE_LOOK_AT_THE_ELECTION,
      Left.NOTHING,
      Part.HINTS),
  READ_ONCE_MORE(
      "Read once more when nobody is in flight",
      BrokenBuild.LAST_READ_REMOVED,
      Left.NOTHING,
      Part.HINTS);

  private final String words;
  private final BrokenBuild without;
  private final ModelBounds bounds;

  HeadStep(String words, BrokenBuild without, Left left, Part... parts) {
    this.words = words;
    this.without = without;
    this.bounds = ModelBounds.of("two transactions", 2, 1, 2, left, parts);
  }

  String words() {
    return words;
  }

  BrokenBuild without() {
    return without;
  }

  ModelBounds bounds() {
    return bounds;
  }
}
