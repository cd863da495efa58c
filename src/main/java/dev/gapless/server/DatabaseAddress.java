package dev.gapless.server;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Which database, as whom. Printing it shows neither user nor password.
 *
 * @param url of the form {@code jdbc:postgresql:…}; may carry parameters, never credentials of a
 *     user-info part
 */
record DatabaseAddress(String url, Optional<String> user, Optional<String> password) {
  private static final Pattern SECRET_PARAMETER =
      Pattern.compile("[?&](?:ssl)?password=", Pattern.CASE_INSENSITIVE);
  private static final Pattern SECRET_USER_INFO = Pattern.compile("//[^/?#]*:[^/?#]*@");

  /** Arguments are visible to every user of the machine. */
  static void refusePassword(@Nullable String url, String source) {
    if (url != null
        && (SECRET_PARAMETER.matcher(url).find() || SECRET_USER_INFO.matcher(url).find())) {
      throw new Refusal(
          source
              + " must not hold a password, because arguments are visible to others: use"
              + " GAPLESS_DATABASE_PASSWORD, GAPLESS_DATABASE_PASSWORD_FILE or the configuration file");
    }
  }

  /** Takes {@code jdbc:postgresql:…} and {@code postgres[ql]://user:password@host:port/db?…}. */
  static DatabaseAddress parse(String key, String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    if (lower.startsWith("jdbc:postgresql:")) {
      return checked(key, new DatabaseAddress(text, Optional.empty(), Optional.empty()));
    }
    if (!lower.startsWith("postgres://") && !lower.startsWith("postgresql://")) {
      throw new Refusal(
          key + " must begin with jdbc:postgresql:, postgresql:// or postgres://, and does not");
    }
    try {
      URI uri = new URI(text);
      String authority = Optional.ofNullable(uri.getRawAuthority()).orElse("");
      int at = authority.lastIndexOf('@');
      String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
      String path = Optional.ofNullable(uri.getRawPath()).orElse("/");
      String url = "jdbc:postgresql://" + authority.substring(at + 1) + path + query;
      String[] credentials = at < 0 ? new String[0] : authority.substring(0, at).split(":", 2);
      return checked(
          key, new DatabaseAddress(url, decoded(credentials, 0), decoded(credentials, 1)));
    } catch (URISyntaxException e) {
      // Its message repeats the text, and that may hold a password.
      throw new Refusal(key + " is not a valid URL (position " + e.getIndex() + ")");
    }
  }

  DatabaseAddress withUser(String user) {
    return new DatabaseAddress(url, Optional.of(user), password);
  }

  DatabaseAddress withPassword(String password) {
    return new DatabaseAddress(url, user, Optional.of(password));
  }

  PGSimpleDataSource toDataSource() {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl(url);
    user.ifPresent(source::setUser);
    password.ifPresent(source::setPassword);
    return source;
  }

  /** Host, port and database. */
  String describe() {
    PGSimpleDataSource source = toDataSource();
    return source.getServerNames()[0]
        + ":"
        + source.getPortNumbers()[0]
        + "/"
        + source.getDatabaseName();
  }

  @Override
  public String toString() {
    return describe();
  }

  private static DatabaseAddress checked(String key, DatabaseAddress address) {
    boolean valid;
    try {
      valid = address.toDataSource().getDatabaseName() != null;
    } catch (IllegalArgumentException e) {
      valid = false;
    }
    if (!valid) {
      throw new Refusal(key + " is not a valid PostgreSQL URL with a database name");
    }
    return address;
  }

  private static Optional<String> decoded(String[] parts, int index) {
    return parts.length <= index || parts[index].isEmpty()
        ? Optional.empty()
        : Optional.of(URLDecoder.decode(parts[index].replace("+", "%2B"), StandardCharsets.UTF_8));
  }
}
