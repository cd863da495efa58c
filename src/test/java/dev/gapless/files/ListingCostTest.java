package dev.gapless.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A page costs its own size, however much lies in and below the folder. */
class ListingCostTest {
  private static FileFixture files;

  @BeforeAll
  static void start() throws SQLException {
    files = new FileFixture();
    try (Connection connection = files.pool.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("INSERT INTO gapless.file_owners (owner) VALUES ('acme')");
      statement.execute(
          "INSERT INTO gapless.file_versions (linked, chunk_bytes, keep_until)"
              + " SELECT true, 1024, now() FROM generate_series(1, 30000)");
      statement.execute(
          "INSERT INTO gapless.files SELECT 'acme', '/pub/' || version % 3 || '/' || version,"
              + " version, 0, decode(repeat('00', 32), 'hex'), 'text/plain', now()"
              + " FROM gapless.file_versions");
      statement.execute("VACUUM ANALYZE gapless.files");
    }
  }

  @AfterAll
  static void stop() {
    files.close();
  }

  @ParameterizedTest
  @CsvSource({
    "10,false,false,",
    "10,true,false,",
    "10,false,false,/pub/1/5",
    "10,true,false,/pub/1/5",
    "10,false,true,",
    "10,true,true,",
    "1,false,true,/pub/0/77",
    "1,true,true,/pub/2/"
  })
  void aPageReadsItsOwnRows(int limit, boolean reverse, boolean shallow, String after)
      throws SQLException {
    ListingRequest request =
        new ListingRequest("acme", "/pub/", limit, Optional.ofNullable(after), reverse, shallow);
    try (Connection connection = files.pool.getConnection()) {
      connection.setAutoCommit(false);
      long before = rowsRead(connection);
      Listing listing = ListingRows.list(connection, request);
      assertThat(listing.entries()).hasSize(shallow ? Math.min(limit, 3) : limit);
      assertThat(rowsRead(connection) - before).isBetween(1L, limit + 2L);
      connection.rollback();
    }
  }

  private static long rowsRead(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT pg_stat_get_xact_tuples_fetched(oid) + pg_stat_get_xact_tuples_returned(oid)"
                    + " + (SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid))"
                    + " FROM pg_index WHERE indrelid = c.oid)"
                    + " FROM pg_class AS c WHERE oid = 'gapless.files'::regclass")) {
      rows.next();
      return rows.getLong(1) / 2;
    }
  }
}
