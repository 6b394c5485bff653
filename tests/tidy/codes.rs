//! The catalogue and the sources name the same codes: one that is used and isn't in it means nothing to anybody, and one
//! that is in it and isn't used was promised for nothing. Found are the texts in functions named `code`, the codes that
//! errors are made with, and the refusals that are made.

use std::collections::BTreeMap;

use casemate_abi::{Code, ENTRIES, Kind};
use proc_macro2::TokenStream;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::tree::{File, files};
use super::violation::{Violation, assert_none};

/// Where codes are made. Guests only look refusals up.
const PLACES: [&str; 2] = ["host", "toolchain"];
/// It takes codes from the errors of others, which are read where they are made.
const CONVERTER: &str = "host/server/src/cli/error.rs";
/// Functions whose first argument is a code.
const MAKERS: [[&str; 2]; 2] = [["CliError", "new"], ["Problem", "new"]];
const MAKER_METHOD: &str = "with_cause";

/// Both ways: what is used is in the catalogue, and what is in it is used. A refusal is used by its variant.
fn compare(files: &[File], catalogue: &[(String, String)]) -> Vec<Violation> {
    let mut used = BTreeMap::new();
    let mut violations = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && is_source(&file.path)) {
        // What does not parse is found by others.
        let Ok(parsed) = syn::parse_file(&file.text) else { continue };
        let mut collector = Collector { path: &file.path, used: &mut used, violations: &mut violations };
        collector.visit_file(&parsed);
    }
    let has = |mark: &String| catalogue.iter().any(|(name, variant)| mark == name || mark == variant);
    violations.extend(used.iter().filter(|(mark, _)| !has(mark)).map(|(mark, (path, line))| {
        Violation::at(path, *line, format!("`{mark}` is not in abi/catalogue.in: give it an entry"))
    }));
    let unused = catalogue.iter().filter(|(_, variant)| !used.contains_key(variant));
    violations.extend(unused.map(|(name, _)| {
        Violation::of("abi/catalogue.in", format!("nothing makes `{name}`: use it, or remove it if it is unpublished"))
    }));
    violations
}

fn is_source(path: &str) -> bool {
    let is_test = ["/tests/", "/tests.rs", "/benches/", "/examples/", "/templates/", "build.rs"];
    let mut parts = path.split('/');
    parts.next().is_some_and(|first| PLACES.contains(&first)) && !is_test.iter().any(|part| path.contains(part))
}

/// Names with what they are used by: a refusal's variant, a problem's own name.
fn catalogue() -> Vec<(String, String)> {
    let refusals = Code::ALL.iter().map(|code| (code.name().to_owned(), format!("Code::{code:?}")));
    let problems = ENTRIES.iter().filter(|entry| entry.kind == Kind::Problem);
    refusals.chain(problems.map(|entry| (entry.name.to_owned(), entry.name.to_owned()))).collect()
}

struct Collector<'a> {
    path: &'a str,
    used: &'a mut BTreeMap<String, (String, usize)>,
    violations: &'a mut Vec<Violation>,
}

impl Collector<'_> {
    fn push(&mut self, mark: String, line: usize) {
        self.used.entry(mark).or_insert_with(|| (self.path.to_owned(), line));
    }

    /// A code is a text that can be found, or what an error's own `code` says.
    fn made_with(&mut self, argument: Option<&syn::Expr>) {
        match argument {
            Some(syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })) => {
                self.push(text.value(), text.span().start().line);
            }
            Some(syn::Expr::MethodCall(call)) if call.method == "code" => {}
            Some(other) if self.path != CONVERTER => {
                let message = "give the code as a text, or as what `code` of an error returns, so that it can be found";
                self.violations.push(Violation::at(self.path, other.span().start().line, message));
            }
            _ => {}
        }
    }

    fn code_of(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let text =
            matches!(&signature.output, syn::ReturnType::Type(_, of) if matches!(&**of, syn::Type::Reference(_)));
        if signature.ident == "code" && text {
            let mut texts = Texts::default();
            texts.visit_block(block);
            texts.0.into_iter().for_each(|(text, line)| self.push(text, line));
        }
    }
}

/// Texts of a function's body.
#[derive(Default)]
struct Texts(Vec<(String, usize)>);

impl<'ast> Visit<'ast> for Texts {
    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.0.push((text.value(), text.span().start().line));
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        syn::Meta::NameValue(_) => false,
    })
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            self.code_of(&item.sig, &item.block);
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            self.code_of(&item.sig, &item.block);
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(function) = &*call.func {
            let names: Vec<_> = function.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            let own = self.path == CONVERTER && names == ["Self", "new"];
            if own || MAKERS.iter().any(|maker| names.ends_with(&maker.map(str::to_owned))) {
                self.made_with(call.args.first());
            }
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == MAKER_METHOD {
            self.made_with(call.args.first());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        let names: Vec<_> = path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let [.., of, variant] = names.as_slice()
            && of == "Code"
            && variant.starts_with(char::is_uppercase)
            && variant.contains(char::is_lowercase)
        {
            self.push(format!("Code::{variant}"), path.span().start().line);
        }
        visit::visit_expr_path(self, path);
    }

    /// Who asks which refusal it is doesn't make it.
    fn visit_pat(&mut self, pattern: &'ast syn::Pat) {
        if !matches!(pattern, syn::Pat::Path(_)) {
            visit::visit_pat(self, pattern);
        }
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        let parse = |tokens: TokenStream| Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated.parse2(tokens);
        if !item.path.is_ident("matches")
            && let Ok(arguments) = parse(item.tokens.clone())
        {
            // The expressions live no longer than this call, which the visitor's lifetime doesn't mind.
            let mut inner = Collector { path: self.path, used: self.used, violations: self.violations };
            arguments.iter().for_each(|argument| inner.visit_expr(argument));
        }
    }
}

#[test]
fn catalogue_and_sources_name_the_same_codes() -> std::io::Result<()> {
    assert_none(&compare(&files()?, &catalogue()));
    Ok(())
}

#[test]
fn planted_codes_are_found() {
    let entry = |name: &str, mark: &str| (name.to_owned(), mark.to_owned());
    let both = [entry("a-problem", "a-problem"), entry("a-refusal", "Code::ARefusal")];
    let file = |text: &str| File::planted("host/store/src/error.rs", text);
    let uses = "fn f() { g(Code::ARefusal); CliError::new(\"a-problem\", \"\"); }";
    assert_none(&compare(&[file(uses)], &both));

    // Used and not in it.
    for text in [
        "impl E { fn code(&self) -> &'static str { match self { _ => \"other-problem\" } } }",
        "fn f() { super::CliError::new(\"other-problem\", \"\") }",
        "fn f() { refusal.with_cause(\"other-problem\", error) }",
        "fn f() { vec![CliError::new(\"other-problem\", \"\")]; }",
        "fn f() { Refusal::new(Code::Other, \"\") }",
    ] {
        let found = compare(&[file(uses), file(text)], &both);
        assert!(matches!(found.as_slice(), [one] if one.to_string().contains("is not in abi/")), "{text}: {found:?}");
    }
    // Put together where nobody finds it.
    let hidden = file("fn f() { CliError::new(&format!(\"{x}-file\"), \"\") }");
    assert_eq!(compare(&[file(uses), hidden], &both).len(), 1);

    // In it and never used: asking for a refusal is no use, and tests and guests don't count.
    for text in [
        "fn f() { CliError::new(\"a-problem\", \"\"); match code { Code::ARefusal => {} } }",
        "fn f() { CliError::new(\"a-problem\", \"\"); matches!(code, Code::ARefusal | Code::ARefusal) }",
        "fn f() { CliError::new(\"a-problem\", \"\"); } #[cfg(test)] mod tests { fn g() { h(Code::ARefusal); } }",
        "fn f() { h(Code::ARefusal); fn coded() -> &'static str { \"a-problem\" } }",
    ] {
        let found = compare(&[file(text), File::planted("guest-sdk/src/a.rs", uses)], &both);
        assert!(matches!(found.as_slice(), [one] if one.to_string().contains("nothing makes")), "{text}: {found:?}");
    }
}
