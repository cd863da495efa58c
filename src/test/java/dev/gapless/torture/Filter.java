package dev.gapless.torture;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** What a subscriber asks for, as a query and as a rule of the oracle's own. */
record Filter(boolean homeserver, List<String> owners, List<String> paths, List<String> types) {
  static Filter draw(SplittableRandom random) {
    if (random.nextInt(6) == 0) {
      return new Filter(
          true,
          List.of(Names.user(random.nextInt(Names.USERS))),
          random.nextBoolean() ? List.of() : List.of("/pub/a/"),
          List.of());
    }
    List<String> owners = new ArrayList<>();
    if (random.nextInt(3) > 0) {
      for (int i = random.nextInt(1, 4); i > 0; i--) {
        owners.add(
            random.nextInt(5) == 0
                ? Names.user(random.nextInt(Names.USERS))
                : Names.owner(random.nextInt(Names.OWNERS)));
      }
    }
    List<String> paths =
        switch (random.nextInt(6)) {
          case 0 -> List.of(Names.folder(0));
          case 1 -> List.of(Names.folder(0), Names.folder(1));
          case 2 -> List.of(Names.folder(1) + "3", Names.folder(1) + "4");
          default -> List.of();
        };
    List<String> types =
        switch (random.nextInt(6)) {
          case 0 -> List.of("order.created");
          case 1 -> List.of("rare");
          case 2 -> List.of("PUT", "order.changed");
          default -> List.of();
        };
    return new Filter(false, owners.stream().distinct().toList(), paths, types);
  }

  /** The target without a start. */
  String target() {
    StringBuilder query =
        new StringBuilder(homeserver ? "/events-stream?live=true" : "/v1/events?live=true");
    owners.forEach(owner -> query.append(homeserver ? "&user=" : "&owner=").append(owner));
    paths.forEach(
        path -> query.append("&path=").append(URLEncoder.encode(path, StandardCharsets.UTF_8)));
    types.forEach(type -> query.append("&type=").append(type));
    return query.toString();
  }

  boolean matches(Row row) {
    if (homeserver
        && (!(row.type().equals("PUT") || row.type().equals("DEL"))
            || !row.path().startsWith("/pub/"))) {
      return false;
    }
    return (owners.isEmpty() || owners.contains(row.owner()))
        && (types.isEmpty() || types.contains(row.type()))
        && (paths.isEmpty()
            || paths.stream()
                .anyMatch(
                    path ->
                        path.endsWith("/")
                            ? row.path().startsWith(path)
                            : row.path().equals(path)));
  }
}
