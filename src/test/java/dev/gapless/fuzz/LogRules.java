package dev.gapless.fuzz;

import dev.gapless.testkit.ServerNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Looks through what a node has logged since the last time. */
final class LogRules {
  private static final Pattern LINE =
      Pattern.compile("\\d{4}-\\d\\d-\\d\\dT\\S+ (TRACE|DEBUG|INFO|WARN|ERROR) +(\\S+) (.*)");

  /** What requests may cause to be logged, by logger: each with its reason. */
  private static final Map<String, List<String>> ALLOWED =
      Map.of(
          "dev.gapless.http.open-mode",
          // names the rule of open mode that a request broke, at most once in ten seconds; an
          // operator behind a proxy would not find the cause of the 403 otherwise
          List.of("refused a request: "),
          "dev.gapless.server.connections",
          List.of(
              // a client that broke the protocol, so that there was nobody to answer
              "connection_broken: ",
              // Pekko says so as well of a request in a pipeline whose connection has ended with an
              // earlier answer; one that is waited for is found by its answer
              "answer_too_late: "));

  private final ServerNode node;
  private int read;

  LogRules(ServerNode node) {
    this.node = node;
    this.read = node.output().length();
  }

  /** Everything that is neither information nor allowed: warnings, errors, stack traces. */
  List<String> violations() {
    String output = node.output();
    int end = output.lastIndexOf('\n') + 1;
    if (end <= read) {
      return List.of();
    }
    List<String> wrong = new ArrayList<>();
    boolean told = false;
    for (String line : output.substring(read, end).lines().toList()) {
      boolean event = LINE.matcher(line).matches();
      // the stack trace of an event that was told is told with it
      if (!isFine(line) && (event || !told)) {
        wrong.add(line);
        told = true;
      } else if (event) {
        told = false;
      }
    }
    read = end;
    return wrong;
  }

  private static boolean isFine(String line) {
    Matcher parts = LINE.matcher(line);
    if (!parts.matches()) {
      return line.equals("gapless: stopped");
    }
    boolean allowed =
        ALLOWED.getOrDefault(parts.group(2), List.of()).stream()
            .anyMatch(parts.group(3)::startsWith);
    return switch (parts.group(1)) {
      case "WARN" -> allowed;
      case "ERROR" -> false;
      default -> allowed || !parts.group(3).contains("Exception");
    };
  }
}
