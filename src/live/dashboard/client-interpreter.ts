/**
 * Evaluates Vega's expressions from their syntax trees, so that the page needs no eval and its content policy forbids it.
 * Vega offers this seam (the `expr` option of a view). Only what this page's own charts use is known; anything else is
 * refused by name. Plain JavaScript, since it is inlined as it stands.
 */

/** Declares `interpreter`. */
export const INTERPRETER_SCRIPT = `
const FUNCTIONS = {
  isNaN: Number.isNaN, isFinite: Number.isFinite, isValid: (value) => value !== null && value !== undefined && value === value,
  abs: Math.abs, ceil: Math.ceil, floor: Math.floor, round: Math.round, sqrt: Math.sqrt, log: Math.log, exp: Math.exp,
  pow: Math.pow, min: Math.min, max: Math.max,
  clamp: (value, low, high) => Math.max(low, Math.min(high, value)),
  length: (value) => (value === null || value === undefined ? 0 : value.length),
  slice: (value, from, to) => value.slice(from, to),
  toNumber: Number, toString: String, isString: (value) => typeof value === "string", isNumber: (value) => typeof value === "number",
  isArray: Array.isArray, isObject: (value) => value === Object(value),
};
const CONSTANTS = { NaN: Number.NaN, E: Math.E, PI: Math.PI, LN10: Math.LN10, LN2: Math.LN2, MIN_VALUE: Number.MIN_VALUE, MAX_VALUE: Number.MAX_VALUE };
const BINARY = {
  "+": (a, b) => a + b, "-": (a, b) => a - b, "*": (a, b) => a * b, "/": (a, b) => a / b, "%": (a, b) => a % b,
  "===": (a, b) => a === b, "!==": (a, b) => a !== b, "==": (a, b) => a == b, "!=": (a, b) => a != b,
  "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
};
const UNARY = { "-": (value) => -value, "+": (value) => +value, "!": (value) => !value };

const own = (table, key) => (Object.hasOwn(table, key) ? table[key] : undefined);
const unknown = (what, name) => { throw new Error("the dashboard's charts may not use the " + what + " " + name); };

const evaluate = (node, scope) => {
  switch (node.type) {
    case "Literal": return node.value;
    case "Identifier": {
      if (node.name === "datum" || node.name === "event" || node.name === "item") return scope[node.name];
      const constant = own(CONSTANTS, node.name);
      return constant === undefined ? scope.params["$" + node.name] : constant;
    }
    case "MemberExpression": {
      const object = evaluate(node.object, scope);
      const value = object[node.computed ? evaluate(node.property, scope) : node.property.name];
      return value === Function ? unknown("member", "constructor") : value;
    }
    case "CallExpression": {
      const name = node.callee.name.replace(/^_/, "");
      const rest = node.arguments;
      if (name === "if") return evaluate(rest[0], scope) ? evaluate(rest[1], scope) : evaluate(rest[2], scope);
      const called = own(FUNCTIONS, name) ?? scope.functions[name] ?? unknown("function", name);
      return called.apply(scope.functions, rest.map((one) => evaluate(one, scope)));
    }
    case "ArrayExpression": return node.elements.map((one) => evaluate(one, scope));
    case "ObjectExpression":
      return Object.fromEntries(node.properties.map(({ key, value }) => [key.name ?? key.value, evaluate(value, scope)]));
    case "UnaryExpression":
      return (own(UNARY, node.operator) ?? unknown("operator", node.operator))(evaluate(node.argument, scope));
    case "BinaryExpression":
      return (own(BINARY, node.operator) ?? unknown("operator", node.operator))(evaluate(node.left, scope), evaluate(node.right, scope));
    case "LogicalExpression": {
      const left = evaluate(node.left, scope);
      return (node.operator === "&&") === Boolean(left) ? evaluate(node.right, scope) : left;
    }
    case "ConditionalExpression":
      return evaluate(node.test, scope) ? evaluate(node.consequent, scope) : evaluate(node.alternate, scope);
    default: return unknown("expression", node.type);
  }
};

/** Width and height follow from two edges; those of a rectangle may come in either order. */
const adjustEdges = (item, channels, canSwap, [low, high, middle, size]) => {
  if (channels[high]) {
    if (channels[low]) {
      if (canSwap && item[low] > item[high]) [item[low], item[high]] = [item[high], item[low]];
      item[size] = item[high] - item[low];
    } else {
      item[low] = item[high] - (item[size] || 0);
    }
  }
  if (channels[middle]) item[low] = item[middle] - (item[size] || 0) / 2;
};

const interpreter = {
  operator: ({ functions }, { ast }) => (params) => evaluate(ast, { functions, params }),
  parameter: ({ functions }, { ast }) => (datum, params) => evaluate(ast, { functions, params, datum }),
  event: ({ functions }, { ast }) => (event) => evaluate(ast, { functions, params: {}, event }),
  handler: ({ functions }, { ast }) => (params, event) =>
    evaluate(ast, { functions, params, event, datum: event.item && event.item.datum }),
  encode: ({ functions }, { marktype, channels }) => (item, params) => {
    const scope = { functions, params, datum: item.datum, item };
    let isChanged = 0;
    for (const name of Object.keys(channels)) {
      const value = evaluate(channels[name].ast, scope);
      if (item[name] === value) continue;
      item[name] = value;
      isChanged = 1;
    }
    if (marktype !== "rule") {
      const canSwap = marktype === "group" || marktype === "image" || marktype === "rect";
      adjustEdges(item, channels, canSwap, ["x", "x2", "xc", "width"]);
      adjustEdges(item, channels, canSwap, ["y", "y2", "yc", "height"]);
    }
    return isChanged;
  },
};
`;
