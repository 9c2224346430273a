// TypeDoc plugin: a field of a zod schema is documented by its `.describe()` and `.default()`, so that its wording exists once.
import { Comment, CommentTag, Converter, ReflectionKind } from 'typedoc';
import ts from 'typescript';

export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    if (!reflection.kindOf(ReflectionKind.Property) || reflection.comment) return;
    const [declaration] = context.getSymbolFromReflection(reflection)?.declarations ?? [];
    if (!declaration || !ts.isPropertyAssignment(declaration)) return;
    const calls = callsOf(declaration.initializer);
    const description = textOf(calls.get('describe'));
    if (description === undefined) return;
    reflection.comment = new Comment([{ kind: 'text', text: description }]);
    const value = calls.get('default') ?? calls.get('prefault');
    // An empty value stands for an absent one.
    if (!value || /^(''|\{\})$/.test(value.getText())) return;
    const code = { kind: 'code', text: `\`${value.getText()}\`` };
    reflection.comment.blockTags.push(new CommentTag('@defaultValue', [code]));
  });
}

/** First arguments of the methods of a chain, by name: `z.string().default('x')`. */
function callsOf(node, calls = new Map()) {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return calls;
  const { expression, name } = node.expression;
  if (!calls.has(name.text)) calls.set(name.text, node.arguments[0]);
  return callsOf(expression, calls);
}

function textOf(node) {
  if (!node) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isBinaryExpression(node)) return undefined;
  return `${textOf(node.left)}${textOf(node.right)}`;
}
