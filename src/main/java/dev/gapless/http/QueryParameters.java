package dev.gapless.http;

import dev.gapless.event.InvalidValueException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.pekko.http.javadsl.model.HttpRequest;

/**
 * The query of a request, decoded once from its raw form. Every method throws {@link
 * InvalidValueException} naming the parameter. Immutable and thread-safe.
 */
public final class QueryParameters {
  private final Map<String, List<String>> values;

  private QueryParameters(Map<String, List<String>> values) {
    this.values = values;
  }

  /**
   * @throws InvalidValueException for a broken escape or what is not UTF-8, naming the parameter
   */
  public static QueryParameters of(HttpRequest request) {
    return parse(request.getUri().rawQueryString().orElse(""));
  }

  static QueryParameters parse(String raw) {
    Map<String, List<String>> values = new LinkedHashMap<>();
    for (String pair : raw.split("&", -1)) {
      if (pair.isEmpty()) {
        continue;
      }
      int equals = pair.indexOf('=');
      String name =
          PercentDecoder.decode("query", equals < 0 ? pair : pair.substring(0, equals), true);
      String value =
          equals < 0
              ? ""
              : PercentDecoder.decode(printable(name), pair.substring(equals + 1), true);
      values.computeIfAbsent(name, unused -> new ArrayList<>(1)).add(value);
    }
    return new QueryParameters(values);
  }

  /** All values of a parameter, in order. */
  public List<String> all(String name) {
    return List.copyOf(values.getOrDefault(name, List.of()));
  }

  /** All values of a parameter that may be repeated up to {@code most} times. */
  public List<String> all(String name, int most) {
    List<String> all = all(name);
    if (all.size() > most) {
      throw InvalidValueException.of(name, "at most " + most + " of them");
    }
    return all;
  }

  /** The value of a parameter that may be given once. */
  public Optional<String> single(String name) {
    List<String> all = values.getOrDefault(name, List.of());
    if (all.size() > 1) {
      throw InvalidValueException.of(name, "given more than once");
    }
    return all.stream().findFirst();
  }

  /** Exactly {@code true} or {@code false}. */
  public boolean flag(String name, boolean absent) {
    return switch (single(name).orElse(Boolean.toString(absent))) {
      case "true" -> true;
      case "false" -> false;
      default -> throw InvalidValueException.of(name, "\"true\" or \"false\"");
    };
  }

  /** A whole number in plain digits. */
  public OptionalLong number(String name, long least, long most) {
    Optional<String> given = single(name);
    if (given.isEmpty()) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(number(name, given.get(), least, most));
  }

  static long number(String name, String text, long least, long most) {
    if (!text.isEmpty()
        && text.length() <= 19
        && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      try {
        long number = Long.parseLong(text);
        if (number >= least && number <= most) {
          return number;
        }
      } catch (NumberFormatException above2to63) {
        // told below
      }
    }
    throw InvalidValueException.of(
        name,
        most == Long.MAX_VALUE
            ? "a whole number of at least " + least
            : "a whole number from " + least + " to " + most);
  }

  // a name is repeated to the caller only if it cannot be mistaken for anything else
  private static String printable(String name) {
    return name.length() <= 40 && name.chars().allMatch(c -> c > 0x20 && c < 0x7f && c != '<')
        ? name
        : "query";
  }
}
