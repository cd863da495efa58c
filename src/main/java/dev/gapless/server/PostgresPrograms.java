package dev.gapless.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** PostgreSQL's own programs, run as the user PostgreSQL can run as. */
record PostgresPrograms(PostgresBinaries binaries, UnprivilegedUser user) {
  private static final Pattern VERSION = Pattern.compile("\\(PostgreSQL\\) (\\d+)");

  /** The major version, such as 18. */
  int majorVersion() {
    try {
      List<String> command = List.of(binaries.program("postgres").toString(), "--version");
      String output = Command.run(command, Duration.ofSeconds(30)).output();
      Matcher matcher = VERSION.matcher(output);
      if (!matcher.find()) {
        throw new PostgresStartException("cannot read PostgreSQL's version from: " + output);
      }
      return Integer.parseInt(matcher.group(1));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot run PostgreSQL's programs", e);
    }
  }

  /**
   * Runs a program on a folder that the user owns.
   *
   * @param arguments made from the name under which the program finds the folder
   */
  Command.Result run(
      String program, Path folder, Duration limit, Function<String, List<String>> arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    String visible = folder.toString();
    if (!user.reaches(folder)) {
      // A parent folder is closed to the user (a clone below /root, say). The folder itself is the
      // user's, so it is opened here and handed over: nobody's permissions change.
      command.addAll(
          List.of("sh", "-c", "exec 9<\"$1\"; shift; exec \"$@\"", "sh", folder.toString()));
      visible = "/proc/self/fd/9";
    }
    command.addAll(user.prefix());
    command.add(binaries.program(program).toString());
    command.addAll(arguments.apply(visible));
    return Command.run(command, limit);
  }
}
