package dev.gapless.server;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/** The command line of the server. */
public final class Main {
  private static final int FAILED = 1;
  private static final List<String> LOG_FORMATS = List.of("text", "json");

  private Main() {}

  /** Runs until the process is told to stop. Ends the JVM if the start fails. */
  public static void main(String[] arguments) {
    int status = run(arguments, System.getenv(), System.out, System.err);
    // Also after a good end: Maven would wait for the threads of libraries.
    System.exit(status);
  }

  static int run(
      String[] arguments, Map<String, String> environment, PrintStream out, PrintStream err) {
    CommandLineOptions options = new CommandLineOptions();
    CommandLine commandLine = new CommandLine(options).setOut(new java.io.PrintWriter(out, true));
    try {
      ParseResult parsed = commandLine.parseArgs(arguments);
      Integer helped = CommandLine.executeHelpRequest(parsed);
      if (helped != null) {
        return helped;
      }
    } catch (CommandLine.ParameterException e) {
      err.println("gapless: " + e.getMessage() + "\nTry --help.");
      return commandLine.getCommandSpec().exitCodeOnInvalidInput();
    }
    Resources resources = new Resources();
    try {
      serve(options, environment, resources, out);
      // After a signal the JVM is on its way out already, with the signal's own status.
      err.println("gapless: stopped");
      return FAILED;
    } catch (Refusal | PostgresStartException e) {
      err.println("gapless: " + e.getMessage());
      return FAILED;
    } finally {
      resources.close();
      Logging.flush();
    }
  }

  private static void serve(
      CommandLineOptions options,
      Map<String, String> environment,
      Resources resources,
      PrintStream out) {
    // logback reads it by itself, and would log nothing at all
    if (!LOG_FORMATS.contains(environment.getOrDefault("GAPLESS_LOG_FORMAT", "text"))) {
      throw new Refusal("GAPLESS_LOG_FORMAT must be one of " + LOG_FORMATS);
    }
    Path workingDirectory = Path.of("").toAbsolutePath();
    ConfigSources sources = ConfigSources.load(options, environment, workingDirectory);
    LaunchSettings settings = LaunchSettings.from(sources.config(), workingDirectory);
    Logging.configure(sources, workingDirectory);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  resources.close();
                  Logging.flush();
                },
                "gapless-stop"));
    GaplessServer server = GaplessServer.start(settings, sources.config(), resources);
    out.println(greeting(server.url()));
    server.awaitEnd();
  }

  static String greeting(String url) {
    return """

        Gapless is listening on %1$s

        Watch in one terminal:
          curl -N '%1$s/v1/events?owner=alice'
        and in another write a file and read it back:
          curl -X PUT --data-binary 'Hello, world' %1$s/v1/files/alice/pub/hello.txt
          curl %1$s/v1/files/alice/pub/hello.txt

        Stop with Ctrl-C.
        """
        .formatted(url);
  }
}
