package dev.gapless.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** PostgreSQL's data directory: its creation, its version, the parameters we write into it. */
final class ClusterFolder {
  private static final int TAIL = 15;

  private final EmbeddedPostgresSettings settings;
  private final PostgresPrograms programs;
  private final Path data;

  ClusterFolder(EmbeddedPostgresSettings settings, PostgresPrograms programs) {
    this.settings = settings;
    this.programs = programs;
    this.data = settings.dataDirectory();
  }

  /** Creates it if it is missing or empty; refuses one that something else wrote. */
  void prepare() throws IOException {
    if (!Files.exists(data.resolve("PG_VERSION"))) {
      requireEmpty();
      create();
    }
    requireSameMajor();
  }

  void writeParameters(int port) throws IOException {
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("listen_addresses", "127.0.0.1");
    parameters.put("port", Integer.toString(port));
    // One way in, and one that asks for the password.
    parameters.put("unix_socket_directories", "");
    parameters.put("password_encryption", "scram-sha-256");
    parameters.put("timezone", "UTC");
    parameters.put("log_timezone", "UTC");
    parameters.put("logging_collector", "on");
    parameters.put("log_directory", "log");
    parameters.put("log_filename", "postgresql-%a.log");
    parameters.put("log_truncate_on_rotation", "on");
    parameters.put("log_rotation_age", "1d");
    parameters.put("log_rotation_size", "0");
    // Failed statements and the rows they fail on hold owners, paths and data.
    parameters.put("log_min_error_statement", "panic");
    parameters.put("log_error_verbosity", "terse");
    parameters.put("log_min_messages", "log");
    parameters.putAll(new TreeMap<>(settings.durability().parameters()));
    parameters.putAll(new TreeMap<>(settings.parameters()));
    StringBuilder text = new StringBuilder("# Written by Gapless at every start.\n");
    parameters.forEach(
        (name, value) ->
            text.append(name).append(" = '").append(value.replace("'", "''")).append("'\n"));
    Path file = data.resolve("gapless.conf");
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    programs.user().own(file);
  }

  /** What PostgreSQL last said about itself: it tells the operator why it did not start. */
  String lastWords() {
    List<String> lines = new ArrayList<>();
    for (Path file : logs()) {
      try {
        List<String> all = Files.readAllLines(file, StandardCharsets.ISO_8859_1);
        lines.addAll(all.subList(Math.max(0, all.size() - TAIL), all.size()));
      } catch (IOException e) {
        lines.add("(" + file.getFileName() + " cannot be read)");
      }
    }
    return String.join("\n", lines);
  }

  private List<Path> logs() {
    List<Path> logs = new ArrayList<>();
    Path start = data.resolve("start.log");
    if (Files.exists(start)) {
      logs.add(start);
    }
    try (Stream<Path> collected = Files.list(data.resolve("log"))) {
      logs.addAll(
          collected
              .sorted((a, b) -> Long.compare(b.toFile().lastModified(), a.toFile().lastModified()))
              .limit(1)
              .collect(Collectors.toList()));
    } catch (IOException e) {
      // Not even the log folder was created: the first file says all there is.
    }
    return logs;
  }

  private void requireEmpty() throws IOException {
    if (!Files.exists(data)) {
      return;
    }
    try (Stream<Path> entries = Files.list(data)) {
      if (entries.findAny().isPresent()) {
        throw new PostgresStartException(
            data + " is neither empty nor a PostgreSQL data directory; it is left as it is");
      }
    }
  }

  /** In a folder beside it, renamed at the end: a crash in between leaves nothing half done. */
  private void create() throws IOException {
    Path parent = data.getParent();
    if (parent == null) {
      throw new PostgresStartException("the data directory cannot be " + data);
    }
    Files.createDirectories(parent);
    removeUnfinished(parent);
    Path unfinished = Files.createTempDirectory(parent, unfinishedPrefix());
    programs.user().own(unfinished);
    try {
      initdb(unfinished, writePasswordFile(unfinished));
      Path cluster = unfinished.resolve("cluster");
      Files.writeString(
          cluster.resolve("postgresql.conf"),
          "\n# What Gapless sets, written anew at every start.\ninclude = 'gapless.conf'\n",
          StandardOpenOption.APPEND);
      Files.deleteIfExists(data);
      Files.move(cluster, data, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      FileTree.delete(unfinished);
    }
  }

  private void initdb(Path unfinished, boolean withPassword) throws IOException {
    Command.Result result =
        programs.run(
            "initdb",
            unfinished,
            settings.startLimit(),
            visible -> {
              List<String> arguments = new ArrayList<>();
              arguments.addAll(List.of("-D", visible + "/cluster", "--username=postgres"));
              arguments.addAll(List.of("--encoding=UTF8", "--locale=C", "--no-instructions"));
              arguments.add(withPassword ? "--auth=scram-sha-256" : "--auth=trust");
              if (withPassword) {
                arguments.add("--pwfile=" + visible + "/password");
              }
              return arguments;
            });
    if (!result.succeeded()) {
      throw new PostgresStartException(
          "cannot create a PostgreSQL data directory in " + data + ":\n" + result.output());
    }
  }

  private boolean writePasswordFile(Path unfinished) throws IOException {
    if (settings.superuserPassword().isEmpty()) {
      return false;
    }
    Path file = unfinished.resolve("password");
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(file, settings.superuserPassword().get() + "\n");
    programs.user().own(file);
    return true;
  }

  private String unfinishedPrefix() {
    return data.getFileName() + ".new-";
  }

  private void removeUnfinished(Path parent) throws IOException {
    try (Stream<Path> entries = Files.list(parent)) {
      List<Path> unfinished =
          entries
              .filter(path -> path.getFileName().toString().startsWith(unfinishedPrefix()))
              .toList();
      for (Path path : unfinished) {
        try {
          FileTree.delete(path);
        } catch (IOException e) {
          // The initdb of a server that was killed is still at it; the next creation gets it.
        }
      }
    }
  }

  private void requireSameMajor() throws IOException {
    String existing = Files.readString(data.resolve("PG_VERSION")).strip();
    int ours = programs.majorVersion();
    if (!existing.equals(Integer.toString(ours))) {
      throw new PostgresStartException(
          data
              + " was written by PostgreSQL "
              + existing
              + ", this is PostgreSQL "
              + ours
              + ": dump it with the old version and restore into an empty folder, or use"
              + " pg_upgrade. Nothing was changed");
    }
  }
}
