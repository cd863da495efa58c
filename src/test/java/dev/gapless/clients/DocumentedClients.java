package dev.gapless.clients;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The examples of {@code docs/clients.md}, as they stand there. */
final class DocumentedClients {
  private static final Path PAGE = Path.of("docs/clients.md");

  private DocumentedClients() {}

  /** The code block behind {@code <!-- test: name -->}. */
  static String code(String name) throws IOException {
    Pattern block =
        Pattern.compile("<!-- test: " + name + " -->\n```\\w+\n(.*?)\n```\n", Pattern.DOTALL);
    Matcher matcher = block.matcher(Files.readString(PAGE));
    if (!matcher.find()) {
      throw new AssertionError(PAGE + " has no example named " + name);
    }
    return matcher.group(1) + "\n";
  }
}
