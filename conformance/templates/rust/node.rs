// A node that understands the wire, as far as it can be read without a JSON library: the kit writes its keys in order.
// Grow it with serde_json = "=1.0.128": one kind of vector after the other, then submit, then a profile.
use std::collections::HashMap;
use std::io::{stdin, BufRead};

const HELLO: &str = r#""ok":{"claims":[],"language":"rust","name":"my-node","ops":["init","start","reset","vector","bye"],"packs":[],"profiles":["solo/1"],"protocol":1,"suites":["stub"],"version":"0.1.0"}"#;

fn text<'a>(line: &'a str, name: &str) -> &'a str {
    let key = format!("\"{name}\":\"");
    line.rfind(&key).map_or("", |at| line[at + key.len()..].split('"').next().unwrap_or(""))
}

fn err(code: &str) -> String {
    format!(r#""err":{{"code":"{code}"}}"#)
}

fn answer(op: &str, node: &str, started: &mut HashMap<String, bool>) -> String {
    match (op, started.get(node).copied()) {
        ("hello", _) => HELLO.to_string(),
        ("reset" | "bye", _) => { started.clear(); r#""ok":{}"#.to_string() }
        ("init", Some(_)) => err("duplicate_node"),
        ("init", None) => { started.insert(node.to_string(), false); r#""ok":{}"#.to_string() }
        ("start", None) => err("unknown_node"),
        ("start", Some(true)) => err("bad_state"),
        ("start", Some(false)) => { started.insert(node.to_string(), true); r#""ok":{"effects":[]}"#.to_string() }
        _ => err("not_supported"),
    }
}

fn main() {
    let mut started = HashMap::new();
    for line in stdin().lock().lines().map_while(Result::ok) {
        let id = line[line.find("\"id\":").map_or(0, |at| at + 5)..].split([',', '}']).next().unwrap_or("0").to_string();
        println!("{{\"id\":{id},{}}}", answer(text(&line, "op"), text(&line, "node"), &mut started));
        if text(&line, "op") == "bye" { return; }
    }
}
