package dev.gapless.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A unit of systemd, or a file of variables for one.
 *
 * @param settings in the order of the file, whatever section they are in
 */
public record ServiceUnit(Map<String, List<String>> settings) {
  public static ServiceUnit read(Path file) {
    Map<String, List<String>> settings = new LinkedHashMap<>();
    try {
      for (String line : Files.readAllLines(file)) {
        int equals = line.indexOf('=');
        if (equals > 0 && !line.startsWith("#")) {
          settings
              .computeIfAbsent(line.substring(0, equals), key -> new ArrayList<>())
              .add(line.substring(equals + 1));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new ServiceUnit(settings);
  }

  /** The value of a setting that is there once. */
  public String value(String key) {
    List<String> values = settings.getOrDefault(key, List.of());
    if (values.size() != 1) {
      throw new AssertionError(key + " is there " + values.size() + " times, not once");
    }
    return values.get(0);
  }

  /** The value of a setting that is there once, at its blanks. */
  public List<String> words(String key) {
    return List.of(value(key).split("\\s+"));
  }
}
