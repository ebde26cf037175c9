// The package's public declarations, read from the .d.ts files that the build writes.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = new URL('../../', import.meta.url);
const DIST = fileURLToPath(new URL('dist/', ROOT));
const FLAGS = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.InTypeAlias | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope;

/**
 * Reads the entries of package.json.
 * @returns for each entry its name, its exports, and the types that they reach and that are not exported: name, docstring, text, text with the docstrings of members
 */
export function readEntries() {
  const { exports } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
  const files = Object.entries(exports).flatMap(([name, target]) =>
    target.types ? [[name.replace('.', 'srvid'), fileURLToPath(new URL(target.types, ROOT))]] : [],
  );
  // The client's types are a browser's.
  const options = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, strict: true };
  const program = ts.createProgram(
    files.map(([, path]) => path),
    { ...options, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'], types: ['node'], skipLibCheck: true },
  );
  const checker = program.getTypeChecker();
  return files.map(([name, path]) => readEntry(name, program.getSourceFile(path), checker));
}

function readEntry(name, source, checker) {
  const all = checker.getExportsOfModule(checker.getSymbolAtLocation(source));
  const isOwn = (symbol) => ownDeclarations(resolved(symbol, checker)).length > 0;
  const exported = all.filter(isOwn).map((symbol) => resolved(symbol, checker));
  const passedOn = all.filter((symbol) => !isOwn(symbol)).map(describePassedOn);
  const reached = new Set();
  for (const symbol of exported) reach(symbol, checker, new Set(exported), reached);
  const described = (symbols) => symbols.map((symbol) => describe(symbol, checker)).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { name, exports: [...described(exported), ...passedOn], reached: described([...reached]) };
}

/** An export of another package under a name of ours. */
function describePassedOn(symbol) {
  const statement = symbol.declarations[0].parent;
  const docs = ts
    .getJSDocCommentsAndTags(statement)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment))
    .join('\n');
  return { name: symbol.name, docs, text: statement.getText(), commented: statement.getText() };
}

function resolved(symbol, checker) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function ownDeclarations(symbol) {
  return (symbol.declarations ?? []).filter((node) => node.getSourceFile().fileName.startsWith(DIST) && node.parent && !ts.isTypeParameterDeclaration(node));
}

/** Collects the types that a declaration names, through however many others. */
function reach(symbol, checker, exported, reached) {
  for (const declaration of ownDeclarations(symbol)) {
    const visit = (node) => {
      if (ts.isIdentifier(node)) {
        const named = checker.getSymbolAtLocation(node);
        const target = named && resolved(named, checker);
        const isType = target && target.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias | ts.SymbolFlags.Class);
        if (isType && !exported.has(target) && !reached.has(target) && ownDeclarations(target).length > 0) {
          reached.add(target);
          reach(target, checker, exported, reached);
        }
      }
      ts.forEachChild(node, visit);
    };
    // The schema behind an inferred type is no part of what a program writes.
    if (!isInferred(declaration)) visit(declaration);
  }
}

function isInferred(declaration) {
  return ts.isTypeAliasDeclaration(declaration) && /^z\.|<typeof /.test(declaration.type.getText());
}

function describe(symbol, checker) {
  const declarations = ownDeclarations(symbol);
  const docs = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const textWith = (comments) => declarations.map((node) => textOf(node, checker, comments)).join('\n');
  return { name: symbol.name, docs, text: textWith(false), commented: textWith(true) };
}

/** A declaration without private members and the words of modules, an unbroken line for each member. The declaration's own docstring is left out. */
function textOf(declaration, checker, comments) {
  if (isInferred(declaration)) {
    const type = checker.getTypeAtLocation(declaration.name);
    return `type ${declaration.name.text} = ${checker.typeToString(type, declaration, FLAGS)};`;
  }
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const printed = ts.createPrinter({ removeComments: !comments }).printNode(ts.EmitHint.Unspecified, statement, declaration.getSourceFile());
  return printed
    .replace(/^(?:\/\*\*[\s\S]*?\*\/\s*)+/, '')
    .replace(/^export (?:default )?/, '')
    .replace(/^declare /, '')
    .split('\n')
    .filter((line) => !/^\s*(private |#)/.test(line))
    .join('\n')
    .replaceAll(/readonly summary: ".*";/g, 'readonly summary: string;')
    .replaceAll(/^( {4})+/gm, (indent) => '  '.repeat(indent.length / 4));
}
