//! Every path that a Rust file names: in `use`, in types and expressions, in attributes and inside macros, where only
//! tokens are known.

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::tree::File;
use super::violation::Violation;

/// A path with at least two segments, or a name that `use` brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    /// As written; `use a::{b, c}` is two.
    pub(crate) segments: Vec<String>,
    /// Modules inside the file that it stands in.
    pub(crate) within: Vec<String>,
    /// Counts from 1.
    pub(crate) line: usize,
}

/// The paths of a file, or why it is no Rust.
pub(crate) fn of(file: &File) -> Result<Vec<Reach>, Violation> {
    let parsed = syn::parse_file(&file.text)
        .map_err(|error| Violation::at(&file.path, error.span().start().line, format!("does not parse: {error}")))?;
    let mut collector = Collector::default();
    collector.visit_file(&parsed);
    Ok(collector.found)
}

#[derive(Default)]
struct Collector {
    within: Vec<String>,
    found: Vec<Reach>,
}

impl Collector {
    fn push(&mut self, segments: Vec<String>, line: usize) {
        self.found.push(Reach { segments, within: self.within.clone(), line });
    }

    fn leaves(&mut self, prefix: &[String], tree: &syn::UseTree) {
        let mut leaf = |name: String| {
            let segments = prefix.iter().cloned().chain([name]).collect();
            self.push(segments, tree.span().start().line);
        };
        match tree {
            syn::UseTree::Path(path) => {
                let longer: Vec<_> = prefix.iter().cloned().chain([path.ident.to_string()]).collect();
                self.leaves(&longer, &path.tree);
            }
            syn::UseTree::Name(name) => leaf(name.ident.to_string()),
            syn::UseTree::Rename(rename) => leaf(rename.ident.to_string()),
            syn::UseTree::Glob(_) => leaf("*".to_owned()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.leaves(prefix, tree)),
        }
    }

    /// Names with `::` between them.
    fn scan(&mut self, tokens: TokenStream) {
        let (mut segments, mut colons, mut line) = (Vec::new(), 0, 0);
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.flush(&mut segments, line);
                        line = ident.span().start().line;
                    }
                    segments.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.flush(&mut segments, line);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.scan(group.stream());
                    }
                }
            }
        }
        self.flush(&mut segments, line);
    }

    fn flush(&mut self, segments: &mut Vec<String>, line: usize) {
        let segments = std::mem::take(segments);
        if segments.len() > 1 {
            self.push(segments, line);
        }
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.within.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.within.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.leaves(&[], &item.tree);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.push(vec![item.ident.to_string()], item.span().start().line);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.push(segments, path.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.scan(item.tokens.clone());
        visit::visit_macro(self, item);
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.scan(list.tokens.clone());
        visit::visit_meta_list(self, list);
    }

    /// `pub(super)` and `pub(in crate::a)` name who may look in, not whom this file knows.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}

#[test]
fn every_kind_of_path_is_found() {
    let text = "\
use crate::{a, b::{self, C as D}};
pub(in crate::hidden) fn f(x: e::F<g::H>) {
    select! { _ = i::j(x) => crate::k::l!() }
}
mod inner { #[derive(m::N)] struct O; }
";
    let found = of(&File::planted("x.rs", text)).unwrap();
    let paths: Vec<_> = found.iter().map(|reach| (reach.segments.join("::"), reach.line)).collect();
    let expected = [
        ("crate::a", 1),
        ("crate::b::self", 1),
        ("crate::b::C", 1),
        ("e::F", 2),
        ("g::H", 2),
        ("i::j", 3),
        ("crate::k::l", 3),
        ("m::N", 5),
    ];
    assert_eq!(paths, expected.map(|(path, line)| (path.to_owned(), line)));
    assert_eq!(found.last().unwrap().within, ["inner"]);
    assert!(of(&File::planted("x.rs", "fn {")).is_err());
}
