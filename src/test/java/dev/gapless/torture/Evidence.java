package dev.gapless.torture;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What is kept of a run that failed: what the nodes said, and what was found. */
final class Evidence {
  private static final Path FOLDER = Path.of("target", "torture");

  private Evidence() {}

  static void keep(World world, Schedule schedule, Result result) {
    try {
      Path folder =
          Files.createDirectories(FOLDER.resolve(schedule.shape().name() + "-" + schedule.seed()));
      Files.writeString(
          folder.resolve("verdict.txt"),
          schedule + "\n\n" + String.join("\n", result.problems()) + "\n");
      for (World.Node node : world.nodes) {
        Files.writeString(folder.resolve(node.server().name() + ".log"), node.server().output());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
