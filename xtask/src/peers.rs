//! Implementations by others that tests hold ours against, in one environment: `cryptography` for sealed records and
//! signatures, `cedarpy` for decisions, `pgrls` for row-level security. It doesn't know what is compared.

use std::path::Path;

use crate::error::Error;
use crate::venv::Venv;

/// `target/peers/bin/python` has them. A digest for each processor and version of Python that there is a file for.
const PEERS: Venv = Venv { folder: "peers", contents: "implementations to compare with", requirements: REQUIREMENTS };

const REQUIREMENTS: &str = "\
cedarpy==4.12.2 \\
    --hash=sha256:007864e951556b9ec769f3d446f73b3b13f2234aaa00056627bb49218c30aac0 \\
    --hash=sha256:33d6430cf5ec485638cb051c91aa6068b0d70d641d01201a2883cf1b5bf11c20 \\
    --hash=sha256:b1829d4b6163072a04d1e6a774f7771b08d15dcee19901f04d70f5a75c27ebb0 \\
    --hash=sha256:a389bc0e930797e23428608304a0fc78dc46d8b5f2405cc80a683dcde2998ceb \\
    --hash=sha256:48bac292e79f88740b90d0a5abde2e2c61a77ca7876e1048da1379a901e8373f \\
    --hash=sha256:61e49baf4d075189c068a028a01f6e2f5bb91f1877a2039c55b4fb8709659a07 \\
    --hash=sha256:310afe5d97fc82238592e760e2cef8f25dbb193c6abede93c6c5cc6564842433 \\
    --hash=sha256:1b793721d6ffa49a4a94863404332d7da8fe140dc9e97b83217143bfec2a26fe
cffi==2.1.1 \\
    --hash=sha256:3311ed60d36f83378794e1009ac6258bafbf81f7888b4caa7b35a521e3f95813 \\
    --hash=sha256:34e261f78cb6ceaaa36f42f2613f4380d94d9c759a9c73c769ee6e0247364632 \\
    --hash=sha256:68e62fe11f30d5ca8289242866f0a5291402d8529ca2178ab8afc5c9694ae890 \\
    --hash=sha256:c1453022f490d2459a11819d83ad1d586e9ff65a12ac3e705ffebd46d3685dcf \\
    --hash=sha256:f16c709686a78c727bbbf059f92b0bf41c6fc60deec706d2dc19f529175a6125 \\
    --hash=sha256:a931079504ecc49efed7744c476a5c343a92fabf66dec2db95edb1b2fdc770e2 \\
    --hash=sha256:58acb8ab8e295e6c5ea12f888cbb13cf21511ef2a3303a23f4325c29d17fe5c1 \\
    --hash=sha256:b0431303acaea1089ad4b3e9ce4e6518193def1118d4073ca848635ee4ea2e96
click==8.5.1 \\
    --hash=sha256:8bb5376d2006950386f8c6427613334a2acadc5f559cb80e638d00b4df957e37
cryptography==50.0.2 \\
    --hash=sha256:79def8d059362e7831389ed3be0ecdf58a89386e1271e35dd9f5af84e81bffd0 \\
    --hash=sha256:630ebfea3bf689d075f82316324ff7433dc447fe6bc1bfc76524b74b4a9567d2 \\
    --hash=sha256:9dab55f57c74c3cad24c323bacbbd04be4705ba6eb0d92e920b1fc4837ed5079 \\
    --hash=sha256:87e9ce85beb6b328ba370cc6e6aea483c92617b4c95b1d33a49297eb662bfb04 \\
    --hash=sha256:4061c0079120205fb760c58acab6443e217307dcf05e3702cf970e0689972856 \\
    --hash=sha256:f9f6143a8c75945eb960d9eb98905a441394abfa24afaae239d514ffb2586480
pglast==7.22 \\
    --hash=sha256:00daddfe4040d1a016e3195244319f5e98926228b26b6266dae50599e8262808 \\
    --hash=sha256:0419130289b4b6aea0baa07bf2500d720273a91fff27cf71ff02ee8a2e204b78 \\
    --hash=sha256:24285a069961bac538ac2a450e4ccdffa5cc300b54ef167b2a792f67dcb5d1ed \\
    --hash=sha256:544a0cd85a7f1e99a2095a52d2b40adf0a137aacfd3ef66a67d39210cf0538a5 \\
    --hash=sha256:60875f2b1145d3cbd5e284be3d760e68ee16f7420ddfdacf42465f99c77dd97c \\
    --hash=sha256:be665e82e90a1ce1c8f8211db6fa91ccd9b16ca5b4875ee878ad4bca52f19147 \\
    --hash=sha256:bf7cdcf3f5dc3c922adbe2353cdaf4df9ef33c1088acad00223b312d3cb76619 \\
    --hash=sha256:ea2c50d1aff71d740ef590c0e2fe8de7b4ceb267de0bbcee4e03c69dcb2eb694
pgrls==0.57.1 \\
    --hash=sha256:d23f98dff5193d046ace688ad5b79c47299fac5b38cbc89db1ed29dadb3b207c
psycopg==3.3.9 \\
    --hash=sha256:d2d7d04a1ce6dab4f5b27316bea3b52585cafa2f2d631e5b09dd69823f5c26f6
pycparser==3.12 \\
    --hash=sha256:a076f3f489b39b43ed13563a1dafe42447445bec2e294154ec5c57fcdda4c85e
typing_extensions==4.16.0 \\
    --hash=sha256:481caa481374e813c1b176ada14e97f1f67a4539ce9cfeb3f350d78d6370c2e8
z3_solver==5.4.1.0 \\
    --hash=sha256:e680ce083683abca5d07c3e55c2f620ff9a29cb91c548eeeea27ae29e8060522 \\
    --hash=sha256:f056cb9714bb7c56ad7d25d86786b5a42c8a3c80e68b11f39af5f469b5366395
";

/// Installs them, if they aren't there.
pub(crate) fn ensure(workspace: &Path) -> Result<(), Error> {
    PEERS.ensure(workspace).map(drop)
}

#[cfg(test)]
mod tests {
    use super::REQUIREMENTS;

    #[test]
    fn every_package_is_pinned_by_version_and_digests() {
        let packages = REQUIREMENTS.split_inclusive("==").count() - 1;
        assert_eq!(packages, 10, "three, the two that `cryptography` needs, and the five that `pgrls` does");
        for package in REQUIREMENTS.split("\n").filter(|line| line.contains("==")) {
            assert!(package.ends_with(" \\"), "{package} has digests");
        }
    }
}
