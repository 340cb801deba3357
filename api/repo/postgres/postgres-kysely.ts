import {
  type BinaryOperationNode,
  type DatabaseConnection,
  DefaultQueryExecutor,
  type Dialect,
  Kysely,
  OperatorNode,
  PostgresAdapter as PostgresLanguage,
  PostgresIntrospector,
  PostgresQueryCompiler,
  PrimitiveValueListNode,
  Transaction,
} from "kysely";
import { refusingDriver } from "../kysely-connection.ts";

/** Writes queries for PostgreSQL that mean what they mean in SQLite. */
class QueryCompiler extends PostgresQueryCompiler {
  /** `in ()` is an error in PostgreSQL; in SQLite nothing is in an empty list. */
  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    const { operator, rightOperand } = node;
    const isEmpty = PrimitiveValueListNode.is(rightOperand) && rightOperand.values.length === 0;
    if (
      isEmpty &&
      OperatorNode.is(operator) &&
      (operator.operator === "in" || operator.operator === "not in")
    )
      this.append(operator.operator === "in" ? "1 = 0" : "1 = 1");
    else super.visitBinaryOperation(node);
  }
}

const compiler = new QueryCompiler();
const language = new PostgresLanguage();

const dialect: Dialect = {
  createDriver: () => refusingDriver,
  createQueryCompiler: () => compiler,
  createAdapter: () => language,
  createIntrospector: (db) => new PostgresIntrospector(db),
};

/** A Kysely for PostgreSQL whose queries run on `connection`, one by one and without transactions of their own. */
export function postgresKysely<DB>(connection: DatabaseConnection): Kysely<DB> {
  return new Kysely<DB>(propsOf(connection));
}

/** As `postgresKysely`, in the transaction that `connection` stands for. */
export function postgresTransaction<DB>(connection: DatabaseConnection): Transaction<DB> {
  return new Transaction<DB>(propsOf(connection));
}

function propsOf(connection: DatabaseConnection): ConstructorParameters<typeof Transaction>[0] {
  const executor = new DefaultQueryExecutor(compiler, language, {
    provideConnection: (consumer) => consumer(connection),
  });
  return { config: { dialect }, dialect, driver: refusingDriver, executor };
}
