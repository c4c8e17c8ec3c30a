import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.apache.calcite.avatica.util.Casing;
import org.apache.calcite.config.Lex;
import org.apache.calcite.sql.parser.SqlParser;
import org.apache.flink.sql.parser.impl.FlinkSqlParserImpl;
import org.apache.flink.sql.parser.validate.FlinkSqlConformance;
import org.apache.flink.table.planner.parse.CalciteParser;
import org.apache.flink.table.planner.parse.ExtendedParser;

/**
 * Asks Flink's own parser about statements. Reads one base64 statement a line and answers `accept` or `reject` and, in base64,
 * the first line of the parser's message. Configured as Flink's planner does it: FlinkSqlParserImpl, Lex.JAVA.
 */
public class ParserVerdicts {
  public static void main(String[] args) throws Exception {
    SqlParser.Config config =
        SqlParser.config()
            .withParserFactory(FlinkSqlParserImpl.FACTORY)
            .withConformance(FlinkSqlConformance.DEFAULT)
            .withLex(Lex.JAVA)
            .withIdentifierMaxLength(256);
    CalciteParser parser = new CalciteParser(config);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line; (line = in.readLine()) != null; ) {
      String statement = new String(java.util.Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
      String verdict = "accept";
      String message = "";
      try {
        if (!ExtendedParser.INSTANCE.parse(statement).isPresent()) parser.parseSqlList(statement);
      } catch (Throwable error) {
        verdict = "reject";
        message = String.valueOf(error.getMessage()).split("\n")[0];
      }
      System.out.println(
          verdict + " " + java.util.Base64.getEncoder().encodeToString(message.getBytes(StandardCharsets.UTF_8)));
    }
  }
}
