import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/**
 * Evaluates expressions on Flink itself, in batch mode. Reads one base64 expression a line; answers, in base64, the type it
 * derives and the value as text, or the last cause of what went wrong: `value TYPE VALUE` or `error STAGE MESSAGE`.
 */
public class ExpressionResults {
  static TableEnvironment environment;
  static final String FROM = System.getenv("FLINK_FROM");

  public static void main(String[] args) throws Exception {
    environment = TableEnvironment.create(EnvironmentSettings.newInstance().inBatchMode().build());
    environment.getConfig().set("table.local-time-zone", "UTC");
    environment.getConfig().set("parallelism.default", "1");
    environment.executeSql(
        "CREATE TEMPORARY VIEW input AS " + FROM);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    List<String> all = new ArrayList<>();
    for (String line; (line = in.readLine()) != null; ) all.add(new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8));
    String[] answers = new String[all.size()];
    List<Integer> valid = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      try {
        environment.sqlQuery("SELECT " + all.get(i) + " FROM input");
        valid.add(i);
      } catch (Throwable error) {
        answers[i] = "error plan " + encode(last(error));
      }
    }
    evaluate(all, valid, answers);
    for (String answer : answers) System.out.println("ANSWER " + answer);
    System.exit(0);
  }

  static void evaluate(List<String> all, List<Integer> which, String[] answers) {
    if (which.isEmpty()) return;
    if (which.size() > 40) {
      for (int from = 0; from < which.size(); from += 40) evaluate(all, which.subList(from, Math.min(which.size(), from + 40)), answers);
      return;
    }
    StringBuilder sql = new StringBuilder("SELECT ");
    for (int i = 0; i < which.size(); i++) sql.append(i == 0 ? "" : ", ").append(all.get(which.get(i))).append(" AS c").append(i);
    try {
      TableResult result = environment.executeSql(sql + " FROM input");
      try (CloseableIterator<Row> rows = result.collect()) {
        Row row = rows.next();
        for (int i = 0; i < which.size(); i++) {
          String type = result.getResolvedSchema().getColumnDataTypes().get(i).getLogicalType().asSerializableString();
          answers[which.get(i)] = "value " + encode(type) + " " + encode(text(row.getField(i)));
        }
      }
    } catch (Throwable error) {
      if (which.size() == 1) {
        answers[which.get(0)] = "error run " + encode(last(error));
        return;
      }
      int half = which.size() / 2;
      evaluate(all, which.subList(0, half), answers);
      evaluate(all, which.subList(half, which.size()), answers);
    }
  }

  static String encode(String text) {
    return "=" + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  static String last(Throwable error) {
    while (error.getCause() != null) error = error.getCause();
    return error.getClass().getSimpleName() + ": " + String.valueOf(error.getMessage()).split("\n")[0];
  }

  static String text(Object value) {
    if (value == null) return "NULL";
    if (value instanceof byte[]) {
      StringBuilder hex = new StringBuilder("0x");
      for (byte b : (byte[]) value) hex.append(String.format("%02x", b));
      return hex.toString();
    }
    if (value instanceof java.math.BigDecimal) return ((java.math.BigDecimal) value).toPlainString();
    if (value instanceof Object[]) {
      StringBuilder out = new StringBuilder("[");
      Object[] items = (Object[]) value;
      for (int i = 0; i < items.length; i++) out.append(i == 0 ? "" : ", ").append(text(items[i]));
      return out.append("]").toString();
    }
    if (value instanceof Row) {
      StringBuilder out = new StringBuilder("(");
      Row row = (Row) value;
      for (int i = 0; i < row.getArity(); i++) out.append(i == 0 ? "" : ", ").append(text(row.getField(i)));
      return out.append(")").toString();
    }
    if (value instanceof java.util.Map) {
      java.util.TreeMap<String, String> sorted = new java.util.TreeMap<>();
      for (java.util.Map.Entry<?, ?> e : ((java.util.Map<?, ?>) value).entrySet()) sorted.put(text(e.getKey()), text(e.getValue()));
      return sorted.toString();
    }
    return value.toString();
  }
}
