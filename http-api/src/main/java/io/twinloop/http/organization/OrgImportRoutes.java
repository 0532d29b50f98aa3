package io.twinloop.http.organization;

import io.twinloop.domain.identity.Permission;
import io.twinloop.domain.organization.ImportLine.Refused;
import io.twinloop.domain.organization.ImportReader;
import io.twinloop.domain.organization.OrgTable;
import io.twinloop.domain.organization.TableReader;
import io.twinloop.entities.Cause;
import io.twinloop.entities.Entities;
import io.twinloop.http.Answers;
import io.twinloop.http.Call;
import io.twinloop.http.Endpoint;
import io.twinloop.http.Inputs;
import io.twinloop.http.Ndjson;
import io.twinloop.http.Problems;
import io.twinloop.http.Stages;
import io.twinloop.http.organization.OrgImport.Statement;
import io.twinloop.projections.personaldata.PersonalData;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * Takes an organisation of any size as a stream, lines of JSON or a table, in flat memory: the
 * upload is read no faster than the journal writes.
 */
public final class OrgImportRoutes {

  /** Properties of 32,768 characters, each escaped. */
  private static final int LONGEST_LINE = 256 * 1024;

  private static final int LINES_PER_BATCH = 1_000;
  private static final Duration LONGEST_WAIT = Duration.ofMillis(20);
  private static final Duration LONGEST_UPLOAD = Duration.ofHours(6);

  private final Entities entities;
  private final PersonalData personalData;

  public OrgImportRoutes(Entities entities, PersonalData personalData) {
    this.entities = entities;
    this.personalData = personalData;
  }

  public List<Endpoint> endpoints() {
    return List.of(
        Endpoint.post("/api/v1/twin/import", Permission.TWIN_IMPORT, this::take).streamed());
  }

  private CompletionStage<HttpResponse> take(Call call) {
    call.requireContentType(
        "application/x-ndjson", "application/ndjson", "application/jsonl", "text/csv");
    call.allow(LONGEST_UPLOAD);
    boolean isTable =
        call.contentType()
            .map(type -> type.equals("text/csv"))
            .orElseGet(() -> call.query("kind").isPresent());
    ImportReader reader = new ImportReader(personalData.fields());
    Source<Statement, ?> statements = isTable ? rows(call, reader) : lines(call, reader);
    // No correlation id of its own: each thing that follows from a node begins a loop.
    Cause cause = new Cause(null, call.commandId(), call.caller().actor());
    OrgImport taking = new OrgImport(entities, personalData, cause, call.system());
    return Stages.flatMap(
        statements
            .groupedWithin(LINES_PER_BATCH, LONGEST_WAIT)
            .mapAsync(1, taking::take)
            .runWith(Sink.ignore(), call.system()),
        done -> Stages.map(taking.end(), end -> Answers.ok(taking.toJson())));
  }

  private static Source<Statement, ?> lines(Call call, ImportReader reader) {
    return Ndjson.lines(call.bytes(), LONGEST_LINE)
        .map(
            line ->
                line instanceof Ndjson.Value value
                    ? new Statement(line.number(), reader.read(value.json()))
                    : broken((Ndjson.Broken) line));
  }

  private static Statement broken(Ndjson.Broken line) {
    return new Statement(line.number(), new Refused(line.code(), line.detail()));
  }

  private static Source<Statement, ?> rows(Call call, ImportReader statements) {
    OrgTable.Kind kind = kindOf(call.requiredQuery("kind"));
    TableReader reader =
        new TableReader(
            call.charset().orElse(null),
            call.query("separator").map(OrgImportRoutes::separatorOf).orElse(null));
    Rows rows = new Rows(kind, reader, statements);
    return call.bytes()
        .map(Optional::of)
        .concat(Source.single(Optional.<ByteString>empty()))
        .mapConcat(bytes -> bytes.map(rows::read).orElseGet(rows::end));
  }

  private static OrgTable.Kind kindOf(String name) {
    try {
      return OrgTable.Kind.of(name);
    } catch (IllegalArgumentException e) {
      throw Problems.at("?kind", "malformed", e.getMessage()).refuse();
    }
  }

  private static char separatorOf(String text) {
    if (text.equals("tab")) {
      return '\t';
    }
    if (text.length() == 1 && "\"\r\n".indexOf(text.charAt(0)) < 0) {
      return text.charAt(0);
    }
    throw Problems.at(
            "?separator",
            "malformed",
            "Expected separator to be one character or tab, not " + Inputs.quoted(text) + ".")
        .refuse();
  }

  /** The rows of a table as statements; the first row says what the columns are. */
  private static final class Rows {
    private final OrgTable.Kind kind;
    private final TableReader reader;
    private final ImportReader statements;
    private @Nullable OrgTable table;

    Rows(OrgTable.Kind kind, TableReader reader, ImportReader statements) {
      this.kind = kind;
      this.reader = reader;
      this.statements = statements;
    }

    List<Statement> read(ByteString bytes) {
      return statements(reader.read(bytes.toArray()));
    }

    List<Statement> end() {
      List<Statement> statements = statements(reader.end());
      if (table == null) {
        throw Problems.of("malformed", "The table has no header row.").refuse();
      }
      return statements;
    }

    private List<Statement> statements(List<TableReader.Row> rows) {
      List<Statement> statements = new ArrayList<>();
      for (TableReader.Row row : rows) {
        if (row instanceof TableReader.Cells cells) {
          if (table == null) {
            table = tableOf(cells);
          } else {
            table
                .read(cells.values())
                .forEach(read -> statements.add(new Statement(row.line(), read)));
          }
        } else if (row instanceof TableReader.Broken broken) {
          if (table == null) {
            throw Problems.of("malformed", "The header row can't be read: " + broken.sentence())
                .refuse();
          }
          statements.add(new Statement(row.line(), new Refused(broken.code(), broken.sentence())));
        }
      }
      return statements;
    }

    private OrgTable tableOf(TableReader.Cells header) {
      try {
        return new OrgTable(kind, header.values(), statements);
      } catch (IllegalArgumentException e) {
        throw Problems.of("malformed", e.getMessage()).refuse();
      }
    }
  }
}
