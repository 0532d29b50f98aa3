package io.twinloop.projections.audit;

import io.twinloop.domain.audit.AuditEntry;
import io.twinloop.domain.audit.AuditHash;
import io.twinloop.domain.audit.AuditLink;
import io.twinloop.domain.audit.AuditLink.Head;
import io.twinloop.projections.Sql;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/** Reads and appends the rows of the audit. */
final class AuditRows {

  static final String COLUMNS =
      """
      SELECT number, at, kind, actor, role, action, path, type, address, status, code,
        correlation_id, hash
      FROM audit_entry
      """;

  /** Primary key; the end moves with what is appended, if it is where it is thought to be. */
  private static final String APPEND =
      """
      WITH moved AS (
        UPDATE audit_head SET number = ?, at = ?, hash = ? WHERE number = ? AND hash = ? RETURNING number)
      INSERT INTO audit_entry (number, at, kind, actor, role, action, path, type, address, status,
        code, correlation_id, hash)
      SELECT ? + e.n, ?, e.kind, e.actor, e.role, e.action, e.path, e.type, e.address,
        e.status::int, e.code, e.correlation_id, e.hash
      FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[],
          ?::bigint[], ?::text[], ?::text[], ?::bytea[]) WITH ORDINALITY
        AS e (kind, actor, role, action, path, type, address, status, code, correlation_id, hash, n)
      WHERE EXISTS (SELECT FROM moved)
      """;

  private AuditRows() {}

  /**
   * Appends links of one instant, of which the first comes behind the head.
   *
   * @return false, and nothing is appended, when the chain doesn't end there
   */
  static boolean append(Connection connection, Head head, List<AuditLink> links)
      throws SQLException {
    AuditLink last = links.get(links.size() - 1);
    int appended =
        Sql.update(
            connection,
            APPEND,
            last.number(),
            last.at(),
            last.hash().bytes(),
            head.number(),
            head.hash().bytes(),
            head.number(),
            last.at(),
            texts(connection, links, entry -> entry.who().kind()),
            texts(connection, links, entry -> entry.who().subject()),
            texts(connection, links, entry -> entry.who().role().orElse(null)),
            texts(connection, links, AuditEntry::action),
            texts(connection, links, AuditEntry::path),
            texts(connection, links, entry -> entry.type().wireName()),
            texts(connection, links, AuditEntry::address),
            Sql.longs(
                connection, links.stream().map(link -> (long) link.entry().status()).toList()),
            texts(connection, links, entry -> entry.code().orElse(null)),
            texts(connection, links, AuditEntry::correlationId),
            Sql.bytes(connection, links.stream().map(link -> link.hash().bytes()).toList()));
    return appended == links.size();
  }

  private static Array texts(
      Connection connection, List<AuditLink> links, Function<AuditEntry, String> text)
      throws SQLException {
    return Sql.texts(connection, links.stream().map(link -> text.apply(link.entry())).toList());
  }

  static Head head(ResultSet row) throws SQLException {
    return new Head(
        row.getLong("number"),
        Objects.requireNonNull(Sql.instant(row, "at")),
        AuditHash.of(row.getBytes("hash")));
  }

  static Head cut(ResultSet row) throws SQLException {
    return new Head(
        row.getLong("cut_number"), Head.BEGINNING.at(), AuditHash.of(row.getBytes("cut_hash")));
  }

  /** The entry in the row; one that was never written so gets the hash {@link AuditHash#NONE}. */
  static AuditLink link(ResultSet row) throws SQLException {
    AuditEntry entry =
        new AuditEntry(
            new AuditEntry.Who(
                row.getString("kind"),
                row.getString("actor"),
                Optional.ofNullable(row.getString("role"))),
            row.getString("action"),
            row.getString("path"),
            AuditEntry.Type.of(row.getString("type")),
            row.getString("address"),
            row.getInt("status"),
            Optional.ofNullable(row.getString("code")),
            row.getString("correlation_id"));
    return new AuditLink(
        row.getLong("number"),
        Objects.requireNonNull(Sql.instant(row, "at")),
        entry,
        isAsWritten(entry, row) ? AuditHash.of(row.getBytes("hash")) : AuditHash.NONE);
  }

  /** Whether the texts are as clean in the row as every entry makes them. */
  private static boolean isAsWritten(AuditEntry entry, ResultSet row) throws SQLException {
    return entry.who().kind().equals(row.getString("kind"))
        && entry.who().subject().equals(row.getString("actor"))
        && Objects.equals(entry.who().role().orElse(null), row.getString("role"))
        && entry.action().equals(row.getString("action"))
        && entry.path().equals(row.getString("path"))
        && entry.address().equals(row.getString("address"))
        && Objects.equals(entry.code().orElse(null), row.getString("code"))
        && entry.correlationId().equals(row.getString("correlation_id"));
  }
}
