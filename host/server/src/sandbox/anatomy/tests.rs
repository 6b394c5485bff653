//! Anatomies of components written as text, of damaged ones, and of ones that the validator and the engine must agree on.

use proptest::prelude::*;

use super::{Anatomy, AnatomyError, Extent, Interface, Kind, validate};
use crate::sandbox::{Optimisation, engine};

type Tested = Result<(), Box<dyn std::error::Error>>;

/// Two modules, one instantiated twice, one of them inside a component that is instantiated twice.
const NESTED: &str = r#"(component
    (import "casemate:agent/types@0.1.0" (instance))
    (import "casemate:agent/sql@0.1.0" (instance))
    (type $word (record (field "a" u8)))
    (import "word" (type (eq $word)))
    (import "outside" (core module $outside))
    (core module $small (memory 1 3) (table 5 funcref))
    (component $inner
        (core module $large (memory 7) (table 2 9 funcref))
        (core instance (instantiate $large))
        (alias outer 1 $small (core module $again))
        (core instance (instantiate $again))
    )
    (core instance (instantiate $small))
    (instance (instantiate $inner))
    (instance (instantiate $inner))
    (core module $run (memory (export "m") 1 1) (func (export "run")))
    (core instance $it (instantiate $run))
    (func (export "run") (canon lift (core func $it "run")))
)"#;

#[test]
fn instances_are_counted_as_often_as_they_are_made() -> Tested {
    let bytes = wat::parse_str(NESTED)?;
    validate(&bytes)?;
    let anatomy = Anatomy::read(&bytes)?;
    assert_eq!((anatomy.kind, anatomy.modules, anatomy.components), (Kind::Component, 3, 1));
    assert_eq!(anatomy.exports, ["run"]);
    assert_eq!(anatomy.imports, ["casemate:agent/types@0.1.0", "casemate:agent/sql@0.1.0", "outside"]);
    assert_eq!(anatomy.worlds(), ["0.1.0"]);

    let takes = anatomy.footprint;
    assert!(takes.is_whole, "the imported module is never instantiated");
    assert_eq!(takes.instances, 1 + 2 * 2 + 1);
    let page = 65_536;
    let memories = Extent { count: 6, initial: (1 + 2 * 8 + 1) * page, largest: 7 * page, maximum: None };
    assert_eq!(takes.memories, memories);
    assert_eq!(takes.tables, Extent { count: 5, initial: 5 + 2 * 7, largest: 5, maximum: None });
    Ok(())
}

#[test]
fn what_is_imported_and_instantiated_is_said_to_be_unknown() -> Tested {
    let text = r#"(component (import "m" (core module $m)) (core instance (instantiate $m)))"#;
    let anatomy = Anatomy::read(&wat::parse_str(text)?)?;
    assert!(!anatomy.footprint.is_whole);
    Ok(())
}

/// Each level instantiates the one inside it twice: 2^30 instances in a few hundred bytes.
#[test]
fn numbers_are_added_up_and_not_walked() -> Tested {
    let core = "(core module $m (memory 65536)) (core instance (instantiate $m))".to_owned();
    let doubled = |inner: String, level: usize| {
        format!("(component $c{level} {inner}) (instance (instantiate $c{level})) (instance (instantiate $c{level}))")
    };
    let text = (0..30).fold(core, doubled);
    let anatomy = Anatomy::read(&wat::parse_str(format!("(component {text})"))?)?;
    assert_eq!(anatomy.footprint.memories.count, 1 << 30);
    assert_eq!(anatomy.footprint.memories.initial, 1 << 62);

    let deeper = (0..32).fold(String::new(), |inner, _| format!("(component {inner})"));
    let bytes = wat::parse_str(format!("(component {deeper})"))?;
    assert!(matches!(Anatomy::read(&bytes), Err(AnatomyError::TooDeep)));
    Ok(())
}

#[test]
fn other_files_are_told_by_their_first_bytes() -> Tested {
    let module = wat::parse_str(r#"(module (import "env" "f" (func)) (memory 2 4) (func (export "g")))"#)?;
    let anatomy = Anatomy::read(&module)?;
    assert_eq!((anatomy.kind, anatomy.modules), (Kind::Module, 0));
    assert_eq!((anatomy.imports.as_slice(), anatomy.exports.as_slice()), (&["env::f".into()][..], &["g".into()][..]));
    assert_eq!(anatomy.footprint.memories, Extent::one(2 * 65_536, Some(4 * 65_536)));

    let made = engine::on_demand(Optimisation::Speed)?.precompile_component(&wat::parse_str("(component)")?)?;
    assert_eq!(Anatomy::read(&made)?.kind, Kind::Precompiled);
    let mut other = made;
    if let Some(system) = other.get_mut(super::SYSTEM_AT) {
        *system = 0;
    }
    for bytes in [other.as_slice(), b"", b"\0asm", b"(component)", b"\x7fELF"] {
        assert!(matches!(Anatomy::read(bytes), Err(AnatomyError::Foreign)), "{bytes:?}");
    }
    Ok(())
}

#[test]
fn one_manifest_counts_and_only_the_components_own() -> Tested {
    let with = |inside: &str| wat::parse_str(format!("(component {inside})"));
    let own = with(r#"(@custom "casemate:manifest" "text") (core module (@custom "casemate:manifest" "no"))"#)?;
    assert_eq!(Anatomy::read(&own)?.manifest.as_deref(), Some("text"));
    let inner = with(r#"(component (@custom "casemate:manifest" "no"))"#)?;
    assert_eq!(Anatomy::read(&inner)?.manifest, None);
    let two = with(r#"(@custom "casemate:manifest" "a") (@custom "casemate:manifest" "a")"#)?;
    assert!(matches!(Anatomy::read(&two), Err(AnatomyError::TwoManifests)));
    let bad = with(r#"(@custom "casemate:manifest" "\ff")"#)?;
    assert!(matches!(Anatomy::read(&bad), Err(AnatomyError::ManifestText)));
    Ok(())
}

#[test]
fn names_of_imports_are_told_apart() {
    use casemate_gate::call::Tool;
    use casemate_gate::policy::Family;
    for (name, expected) in [
        ("casemate:agent/types@0.1.0", Interface::Types),
        ("casemate:agent/fault@0.1.0", Interface::Fault),
        ("casemate:agent/sql@0.1.0", Interface::Tool(Tool::Sql)),
        ("casemate:agent/random@0.1.0", Interface::Tool(Tool::Random)),
        ("casemate:agent/sql@0.1.1", Interface::OtherVersion("0.1.1")),
        ("casemate:agent/http@0.1.0", Interface::Foreign),
        ("casemate:agents/sql@0.1.0", Interface::Foreign),
        ("casemate:agent/sql", Interface::Foreign),
        ("wasi:cli/environment@0.2.3", Interface::Wasi(Family::Cli)),
        ("wasi:http/types@0.2.3", Interface::Foreign),
    ] {
        assert_eq!(Interface::of(name), expected, "{name}");
    }
}

/// What the validator lets through compiles, and what it doesn't the engine refuses too.
#[test]
fn the_validator_has_the_engines_features() -> Tested {
    let engine = engine::on_demand(Optimisation::Speed)?;
    for inside in [
        "(func)",
        "(memory 1) (memory 1)",
        "(memory i64 1)",
        "(memory 1 1 shared)",
        "(func (param f32x4))",
        "(func (param v128) (result v128) local.get 0 local.get 0 i32x4.relaxed_trunc_f32x4_s)",
        "(func (result v128) v128.const i32x4 0 0 0 0)",
        "(func (result i32) i32.const 7 i32.extend8_s)",
        "(func $f (return_call $f))",
        "(global i32 (i32.add (i32.const 1) (i32.const 2)))",
        "(func (param externref))",
        "(func (param anyref))",
        "(type $s (struct))",
        "(type $f (func)) (func (param (ref $f)))",
        "(tag)",
        "(func (result i32 i32) i32.const 1 i32.const 2)",
        "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))",
        "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))",
        "(func (param i64 i64 i64 i64) (result i64 i64) local.get 0 local.get 1 local.get 2 local.get 3 i64.add128)",
        "(memory 1 (pagesize 1))",
    ] {
        let Ok(bytes) = wat::parse_str(format!("(component (core module {inside}))")) else { continue };
        let valid = validate(&bytes);
        let compiled = wasmtime::component::Component::from_binary(&engine, &bytes);
        assert_eq!(valid.is_ok(), compiled.is_ok(), "{inside}: {valid:?}, {:?}", compiled.err());
    }
    Ok(())
}

/// Bytes of a component with a few of them changed, cut out or put in twice.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0_u8..4);
    prop::collection::vec(change, 0..8).prop_map(|changes| {
        let mut bytes = wat::parse_str(NESTED).unwrap_or_default();
        for (from, to, byte, how) in changes {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let (from, to) = (from.min(to), from.max(to));
            match how {
                0 => bytes[from] = byte,
                1 => bytes.insert(from, byte),
                2 => drop(bytes.drain(from..to.min(from + 16))),
                _ => {
                    let again = bytes[from..to.min(from + 64)].to_vec();
                    bytes.splice(to..to, again);
                }
            }
            if bytes.is_empty() {
                bytes.push(byte);
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn damage_is_an_error_with_a_code_and_never_a_panic(bytes in damaged()) {
        for error in [Anatomy::read(&bytes).err(), validate(&bytes).err()].into_iter().flatten() {
            prop_assert!(error.code().starts_with("component-"));
            prop_assert!(!error.to_string().contains('\n'));
        }
    }

    #[test]
    fn noise_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let preamble = b"\0asm\x0d\0\x01\0".as_slice();
        for bytes in [bytes.clone(), [preamble, &bytes].concat()] {
            let _unread = Anatomy::read(&bytes).map(|anatomy| anatomy.worlds().len());
            let _invalid = validate(&bytes);
        }
    }
}
