package dev.gapless.http;

/** What this node knows of revoked tokens. Thread-safe; never blocks. */
public interface RevocationView {
  /** For a node without revocations: nothing is ever revoked, and that is up to date. */
  RevocationView NONE =
      new RevocationView() {
        @Override
        public boolean isRevoked(TokenHash token) {
          return false;
        }

        @Override
        public boolean isStale() {
          return false;
        }
      };

  boolean isRevoked(TokenHash token);

  /** Whether the revocations could not be read for too long to serve anything private. */
  boolean isStale();
}
