package dev.gapless.http;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import dev.gapless.event.Owners;
import dev.gapless.event.Paths;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * The settings under {@code gapless.auth}, validated. Immutable; {@code toString} shows no hashes.
 *
 * @param mode {@code open} or {@code tokens}
 * @param tokens the bearer tokens, by their hashes
 * @param revocationPoll how often each node reads the revocations
 * @param revocationStale a node that could not read them for so long serves nothing private
 */
public record AuthSettings(
    Mode mode, List<Token> tokens, Duration revocationPoll, Duration revocationStale) {
  static final String ROOT = "gapless.auth";

  /** Who is let in. */
  public enum Mode {
    /** Everyone, on loopback only. */
    OPEN,
    /** Static bearer tokens. */
    TOKENS
  }

  public AuthSettings {
    tokens = List.copyOf(tokens);
  }

  /**
   * Reads {@code gapless.auth} of a resolved configuration.
   *
   * @throws IllegalArgumentException naming the key that is wrong
   */
  public static AuthSettings create(Config config) {
    Config auth = config.getConfig(ROOT);
    Mode mode =
        switch (auth.getString("mode")) {
          case "open" -> Mode.OPEN;
          case "tokens" -> Mode.TOKENS;
          default -> throw wrong("mode", "\"open\" or \"tokens\"");
        };
    List<Token> tokens = new ArrayList<>();
    Set<TokenHash> seen = new HashSet<>();
    List<? extends Config> entries = auth.getConfigList("tokens");
    for (int i = 0; i < entries.size(); i++) {
      Token token = token("tokens[" + i + "]", entries.get(i));
      if (!seen.add(token.hash())) {
        throw wrong("tokens[" + i + "].sha256", "the same token is configured twice");
      }
      tokens.add(token);
    }
    Duration poll = auth.getDuration("revocation-poll-interval");
    if (poll.isNegative() || poll.isZero() || poll.compareTo(Duration.ofSeconds(4)) > 0) {
      throw wrong(
          "revocation-poll-interval", "above 0 and at most 4 s: revocations hold within 5 s");
    }
    Duration stale = auth.getDuration("revocation-stale-after");
    if (stale.compareTo(poll.multipliedBy(2)) < 0) {
      throw wrong("revocation-stale-after", "at least twice the poll interval");
    }
    return new AuthSettings(mode, tokens, poll, stale);
  }

  public boolean isOpen() {
    return mode == Mode.OPEN;
  }

  private static Token token(String key, Config entry) {
    TokenHash hash =
        TokenHash.parse(text(key, entry, "sha256").orElse("").toLowerCase(Locale.ROOT))
            .orElseThrow(() -> wrong(key + ".sha256", "the SHA-256 of the token, 64 hex digits"));
    List<Scope> scopes = new ArrayList<>();
    if (entry.hasPath("scopes")) {
      List<? extends Config> list = entry.getConfigList("scopes");
      for (int i = 0; i < list.size(); i++) {
        scopes.add(scope(key + ".scopes[" + i + "]", list.get(i)));
      }
    }
    Optional<Instant> expires =
        text(key, entry, "expires")
            .map(
                value -> {
                  try {
                    return Instant.parse(value);
                  } catch (DateTimeParseException notAnInstant) {
                    throw wrong(key + ".expires", "a time like 2027-01-31T00:00:00Z");
                  }
                });
    return new Token(
        text(key, entry, "name").orElse(""),
        hash,
        entry.hasPath("operate") && entry.getBoolean("operate"),
        scopes,
        expires);
  }

  private static Scope scope(String key, Config entry) {
    Set<String> allow =
        new HashSet<>(entry.hasPath("allow") ? entry.getStringList("allow") : List.of());
    if (allow.isEmpty() || !Set.of("read", "write").containsAll(allow)) {
      throw wrong(key + ".allow", "[read], [write] or [read, write]");
    }
    Optional<String> owner = text(key, entry, "owner").filter(name -> !name.equals("*"));
    if (owner.isPresent() && !Owners.isValid(owner.get())) {
      throw wrong(key + ".owner", "an owner, or \"*\" for all");
    }
    String path = text(key, entry, "path").orElse("/");
    try {
      path = Paths.normalize(key + ".path", path);
    } catch (IllegalArgumentException invalid) {
      throw wrong(key + ".path", "an absolute path; ending in a slash it covers all below it");
    }
    return new Scope(allow.contains("read"), allow.contains("write"), owner, path);
  }

  private static Optional<String> text(String key, Config entry, String name) {
    try {
      return entry.hasPath(name) ? Optional.of(entry.getString(name)) : Optional.empty();
    } catch (ConfigException.WrongType notText) {
      throw wrong(key + "." + name, "a text");
    }
  }

  private static IllegalArgumentException wrong(String key, String rule) {
    return new IllegalArgumentException(ROOT + "." + key + ": " + rule);
  }

  /**
   * @param name for people; never checked
   * @param operate whether it may see and steer the node
   */
  public record Token(
      String name, TokenHash hash, boolean operate, List<Scope> scopes, Optional<Instant> expires) {
    public Token {
      scopes = List.copyOf(scopes);
    }

    boolean isExpired(Instant now) {
      return expires.isPresent() && !now.isBefore(expires.get());
    }
  }

  /**
   * @param owner empty: all owners
   * @param path normalised; ending in a slash it covers everything below it
   */
  public record Scope(boolean read, boolean write, Optional<String> owner, String path) {
    boolean isForAllOwners() {
      return owner.isEmpty();
    }

    boolean covers(String askedOwner, String askedPath) {
      return (owner.isEmpty() || owner.get().equals(askedOwner)) && Paths.covers(path, askedPath);
    }
  }
}
