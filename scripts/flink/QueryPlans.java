import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.ExplainDetail;
import org.apache.flink.table.api.TableEnvironment;

/**
 * Asks Flink's planner about queries over a stream that only adds rows (orders, lines) and one that changes them (customers).
 * Reads one base64 query a line; answers its columns with their types and the changelog mode of its last step, or that it is
 * refused.
 */
public class QueryPlans {
  public static void main(String[] args) throws Exception {
    TableEnvironment environment =
        TableEnvironment.create(EnvironmentSettings.newInstance().inStreamingMode().build());
    environment.executeSql(
        "CREATE TABLE orders (id BIGINT NOT NULL, customer BIGINT, total DECIMAL(10, 2), qty INT, note STRING, placed TIMESTAMP(3)) WITH ('connector' = 'datagen')");
    environment.executeSql(
        "CREATE TABLE lines (order_id BIGINT, sku STRING, amount DOUBLE) WITH ('connector' = 'datagen')");
    environment.executeSql(
        "CREATE TABLE customers (id BIGINT NOT NULL, name STRING, country STRING, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'filesystem', 'path' = 'file:///tmp/none', 'format' = 'debezium-json')");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line; (line = in.readLine()) != null; ) {
      String query = new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
      try {
        StringBuilder columns = new StringBuilder();
        environment.sqlQuery(query).getResolvedSchema().getColumns().forEach(column ->
            columns.append(columns.length() == 0 ? "" : "\n").append(column.getName()).append(' ')
                .append(column.getDataType().getLogicalType().asSerializableString()));
        String mode = "refused";
        try {
          String plan = environment.explainSql(query, ExplainDetail.CHANGELOG_MODE);
          String root = plan.substring(plan.indexOf("== Optimized Physical Plan =="));
          mode = root.replaceAll("(?s).*?changelogMode=\\[([^]]*)\\].*", "$1");
        } catch (Throwable error) {
          // Its types are settled, and no stream can compute it.
        }
        System.out.println("ANSWER " + encode(columns.toString()) + " " + encode(mode));
      } catch (Throwable error) {
        System.out.println("ANSWER refused " + encode(String.valueOf(error.getMessage()).split("\n")[0]));
      }
    }
    System.exit(0);
  }

  static String encode(String text) {
    return "=" + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
