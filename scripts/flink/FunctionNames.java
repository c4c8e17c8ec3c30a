import java.util.TreeSet;
import org.apache.calcite.sql.SqlSyntax;
import org.apache.flink.table.module.CoreModule;
import org.apache.flink.table.planner.functions.sql.FlinkSqlOperatorTable;

/** Prints the functions that Flink's planner and its core module list, by the names that SQL calls them by. */
public class FunctionNames {
  public static void main(String[] args) {
    TreeSet<String> names = new TreeSet<>();
    FlinkSqlOperatorTable.instance(false).getOperatorList().forEach(operator -> {
      SqlSyntax syntax = operator.getSyntax();
      boolean called = syntax == SqlSyntax.FUNCTION || syntax == SqlSyntax.FUNCTION_ID || syntax == SqlSyntax.FUNCTION_STAR;
      if (called && operator.getName().matches("[A-Z_0-9]+")) names.add(operator.getName());
    });
    // The module lists what the Table API alone calls in camel case.
    CoreModule.INSTANCE.listFunctions().stream().filter(name -> name.matches("[A-Z_0-9]+")).forEach(names::add);
    names.forEach(System.out::println);
  }
}
