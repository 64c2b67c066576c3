// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Action} from "../src/Action.sol";
import {Base} from "./Base.sol";
import {UniformTree} from "./ReferenceTree.sol";

/**
 * @notice What the calls cost. `.gas-snapshot` records these tests; the anchor's budget is also asserted, as the gas of a
 * whole transaction (`isolate`: with its 21,000, its calldata, and nothing warmed up by the test).
 */
contract GasTest is Base {
    uint256 private constant BUDGET = 110_000;
    uint64 private constant MILLION = 1_000_000;
    bytes32 private constant LEAF = keccak256("leaf");
    bytes32 private constant STATE = keccak256("state");

    bytes32[] private _proof;
    bytes32 private _root;

    function setUp() public override {
        super.setUp();
        _root = UniformTree.root(LEAF, MILLION);
    }

    /// @dev Once per log, and dearer: nothing of the head is stored yet.
    /// forge-config: default.isolate = true
    function test_FirstAnchor() public {
        _anchor(MILLION, _root, _proof);
    }

    /// forge-config: default.isolate = true
    function test_AnchorAtAMillion() public {
        _anchorAMillionFrom(999_000);
    }

    /// @dev The most hashes that any consistency proof to this size has: 21 in the proof, 39 to compute.
    /// forge-config: default.isolate = true
    function test_AnchorAtAMillionAtWorst() public {
        _anchorAMillionFrom(524_287);
        vm.assertEq(_proof.length, 21, "hashes in the proof");
    }

    /// forge-config: default.isolate = true
    function test_Witness() public {
        _anchor(MILLION, _root, _proof);
        bytes32 digest = registry.anchorDigest(CQ, 1);
        vm.prank(_anchorer(SC));
        registry.witness(CQ, 1, digest);
    }

    /// forge-config: default.isolate = true
    function test_AddAndRevokeKey() public {
        bytes memory publicKey = bytes.concat(hex"02", LEAF);
        vm.prank(_admin(CQ));
        registry.addKey(CQ, 1, publicKey);
        bytes32 keyId = sha256(publicKey);
        vm.prank(_admin(CQ));
        registry.revokeKey(CQ, keyId);
    }

    /// forge-config: default.isolate = true
    function test_AdmitByVote() public {
        registry.execute(_agree(CQ, Action.ADMIT, YN, _admission(YN)));
    }

    /// forge-config: default.isolate = true
    function test_Deploy() public {
        _deploy(2);
    }

    function _anchorAMillionFrom(uint64 size) private {
        bytes32 root = UniformTree.root(LEAF, size);
        _anchor(size, root, _proof);
        _proof = UniformTree.consistency(LEAF, size, MILLION, true);
        _anchor(MILLION, _root, _proof);
        vm.assertLe(vm.lastCallGas().gasTotalUsed, BUDGET, "one anchor");
    }

    function _anchor(uint64 size, bytes32 root, bytes32[] memory proof) private {
        vm.prank(_anchorer(CQ));
        registry.anchor(CQ, size, root, STATE, proof);
    }
}
