//! What `#[casemate::agent]` expands to, and the compile errors for functions that can't be an agent. It works on
//! token streams of `proc_macro2` only, so that it can be tested outside the compiler.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemFn, ReturnType, Signature, Type};

/// The signature that every error message shows.
const SHAPE: &str = "`fn run(input: Input) -> Result<Output, casemate::Refusal>`";

/// The item itself and, behind it, its export; or the item and the compile errors.
pub(crate) fn agent(arguments: &TokenStream, item: TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(_) => {
            return refuse(&item, Error::new(item.span(), format!("an agent is a function such as {SHAPE}")));
        }
    };
    match check(arguments, &function.sig) {
        Ok(input) => export(&function, input),
        Err(error) => refuse(&function, error),
    }
}

/// Keeps the item beside the error, so that the only complaint is the one that matters.
fn refuse(item: &impl ToTokens, error: Error) -> TokenStream {
    let error = error.into_compile_error();
    quote! { #item #error }
}

/// The type of the input, if the function can be an agent.
fn check<'f>(arguments: &TokenStream, signature: &'f Signature) -> Result<&'f Type, Error> {
    if !arguments.is_empty() {
        return Err(Error::new(arguments.span(), "`#[casemate::agent]` takes no arguments"));
    }
    check_qualifiers(signature)?;
    if !signature.generics.params.is_empty() {
        let message = "an agent's function has no generic parameters: its input and output are JSON documents";
        return Err(Error::new(signature.generics.span(), message));
    }
    let result = "an agent returns a `Result<Output, E>`, where `E` is `casemate::Refusal`, `casemate::Failure` or \
                  a type of yours that turns into `casemate::Failure`";
    match &signature.output {
        ReturnType::Default => return Err(Error::new(signature.fn_token.span, result)),
        ReturnType::Type(_, output) if matches!(**output, Type::Tuple(_) | Type::Never(_) | Type::ImplTrait(_)) => {
            return Err(Error::new(output.span(), result));
        }
        ReturnType::Type(..) => {}
    }
    check_input(signature)
}

/// Refuses `async`, `unsafe`, `const` and `extern`.
fn check_qualifiers(signature: &Signature) -> Result<(), Error> {
    if let Some(token) = &signature.asyncness {
        let message = "an agent's function is not `async`: the host suspends the run while a call waits";
        return Err(Error::new(token.span, message));
    }
    let others = [
        signature.unsafety.map(|token| token.span),
        signature.constness.map(|token| token.span),
        signature.abi.as_ref().map(Spanned::span),
    ];
    match others.into_iter().flatten().next() {
        Some(span) => Err(Error::new(span, format!("an agent's function is a plain one: {SHAPE}"))),
        None => Ok(()),
    }
}

/// The type of the only argument.
fn check_input(signature: &Signature) -> Result<&Type, Error> {
    let mut inputs = signature.inputs.iter();
    match (inputs.next(), inputs.next()) {
        (Some(FnArg::Receiver(receiver)), _) => {
            Err(Error::new(receiver.span(), format!("an agent is a free function, not a method: {SHAPE}")))
        }
        (Some(FnArg::Typed(input)), None) => match &*input.ty {
            Type::Reference(reference) => {
                Err(Error::new(reference.span(), "an agent owns its input: take it by value, not by reference"))
            }
            Type::ImplTrait(input) => {
                Err(Error::new(input.span(), "name the input's type: it is read from a JSON document"))
            }
            input => Ok(input),
        },
        (Some(_), Some(second)) => {
            Err(Error::new(second.span(), format!("an agent takes exactly one argument, its input: {SHAPE}")))
        }
        (None, _) => {
            let message = format!("an agent takes exactly one argument, its input: {SHAPE}");
            Err(Error::new(signature.paren_token.span.join(), message))
        }
    }
}

/// The function and its export. The input's type and the return type are written once more with their own places,
/// so that a missing `Deserialize` or `Serialize` is reported there.
fn export(function: &ItemFn, input: &Type) -> TokenStream {
    let name = &function.sig.ident;
    let place = match &function.sig.output {
        ReturnType::Type(_, output) => output.span(),
        ReturnType::Default => name.span(),
    };
    let call = quote_spanned! { place =>
        ::casemate::__private::run::<#input, _, _>(&input, #name)
    };
    quote! {
        #function

        const _: () = {
            struct Agent;

            impl ::casemate::__private::bindings::Guest for Agent {
                fn run(
                    input: ::std::string::String,
                ) -> ::core::result::Result<::std::string::String, ::casemate::__private::bindings::Failure> {
                    #call
                }
            }

            ::casemate::__private::bindings::export_agent!(Agent with_types_in ::casemate::__private::bindings);
        };
    }
}

#[cfg(test)]
mod tests {
    use super::agent;
    use quote::quote;

    /// The expansion of the attribute without arguments, as text.
    fn expand(item: proc_macro2::TokenStream) -> String {
        agent(&quote! {}, item).to_string()
    }

    #[test]
    fn a_fitting_function_is_kept_and_exported() {
        let text = expand(quote! {
            fn assess(input: Input) -> Result<Output, casemate::Refusal> { todo(input) }
        });
        assert!(text.starts_with("fn assess (input : Input) -> Result < Output , casemate :: Refusal >"), "{text}");
        assert!(text.contains(":: casemate :: __private :: run :: < Input , _ , _ > (& input , assess)"), "{text}");
        assert!(text.contains("export_agent ! (Agent with_types_in"), "{text}");
        assert!(!text.contains("compile_error"), "{text}");
        assert!(syn::parse_str::<syn::File>(&text).is_ok(), "{text}");
    }

    #[test]
    fn each_wrong_signature_says_what_is_wrong() {
        let cases = [
            (quote! { struct Run; }, "an agent is a function such as"),
            (quote! { async fn run(i: I) -> Result<O, E> {} }, "is not `async`"),
            (quote! { unsafe fn run(i: I) -> Result<O, E> {} }, "is a plain one"),
            (quote! { const fn run(i: I) -> Result<O, E> {} }, "is a plain one"),
            (quote! { extern "C" fn run(i: I) -> Result<O, E> {} }, "is a plain one"),
            (quote! { fn run<T>(i: T) -> Result<O, E> {} }, "no generic parameters"),
            (quote! { fn run(i: I) {} }, "an agent returns a `Result<Output, E>`"),
            (quote! { fn run(i: I) -> () {} }, "an agent returns a `Result<Output, E>`"),
            (quote! { fn run(i: I) -> ! {} }, "an agent returns a `Result<Output, E>`"),
            (quote! { fn run() -> Result<O, E> {} }, "exactly one argument"),
            (quote! { fn run(a: A, b: B) -> Result<O, E> {} }, "exactly one argument"),
            (quote! { fn run(self) -> Result<O, E> {} }, "not a method"),
            (quote! { fn run(i: &str) -> Result<O, E> {} }, "take it by value"),
            (quote! { fn run(i: impl Read) -> Result<O, E> {} }, "name the input's type"),
        ];
        for (item, expected) in cases {
            let text = expand(item);
            assert_eq!(text.matches("compile_error").count(), 1, "{text}");
            assert!(text.contains(expected), "{expected}: {text}");
            assert!(!text.contains("export_agent"), "{text}");
        }
    }

    #[test]
    fn the_attribute_takes_no_arguments() {
        let text = agent(&quote! { name = "x" }, quote! { fn run(i: I) -> Result<O, E> {} }).to_string();
        assert!(text.contains("takes no arguments"), "{text}");
    }
}
