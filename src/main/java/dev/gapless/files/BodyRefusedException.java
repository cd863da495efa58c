package dev.gapless.files;

/** Fails the stream of a body that is not taken any further, with the answer to give. */
final class BodyRefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient PutResult answer;

  BodyRefusedException(PutResult answer) {
    super("body refused", null, false, false);
    this.answer = answer;
  }

  PutResult answer() {
    return answer;
  }
}
